/**
 * Where a gateway ends TLS: its certificates, and what it asks of clients (GW-003..GW-006, GW-012..GW-016, GW-019).
 * https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode
 */
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as TrustChainVerification,
} from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import type { SdsSecretConfig } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/secret.js';
import type { CommonTlsContext, DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { Server, ServerTLSSettings } from '../../api/istio.js';
import type { TLSConfig } from '../../api/mesh-config.js';
import { type CertificateSource, hasAgent } from '../../model/certificate-source.js';
import type { Backend } from '../../model/extension-providers.js';
import { isHttp, parseProtocol } from '../../model/protocol.js';
import { PEER_EXCHANGE } from '../peer-exchange.js';
import type { Partial } from '../proto.js';
import { fileCertificates, fileValidation, workloadCertificates } from '../tls/downstream.js';
import { pins } from '../tls/pins.js';
import { credentialSecret } from '../tls/sds.js';
import { tlsParameters } from './tls-parameters.js';

type Common = Partial<CommonTlsContext>;

const CA_SUFFIX = '-cacert';

/** The context of a server that ends TLS. */
export function gatewayTlsContext(
  server: Server,
  source: CertificateSource,
  tlsDefaults: TLSConfig | undefined,
  provider?: Backend,
): Partial<DownstreamTlsContext> {
  const tls = server.tls ?? {};
  const { mode } = tls;
  const parameters = mode === 'ISTIO_MUTUAL' ? undefined : tlsParameters(tls, tlsDefaults);
  return {
    commonTlsContext: {
      alpnProtocols: alpn(server, source),
      ...certificates(tls, source, provider),
      ...(parameters === undefined ? {} : { tlsParams: parameters }),
    },
    requireClientCertificate: mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL',
  };
}

/** The same server's context over QUIC, for those that ask no client for a certificate (GW-027). */
export function http3TlsContext(...of: Parameters<typeof gatewayTlsContext>): Partial<DownstreamTlsContext> {
  const context = gatewayTlsContext(...of);
  return { ...context, commonTlsContext: { ...context.commonTlsContext, alpnProtocols: ['h3'] } };
}

/** Istio's mesh clients of a byte stream offer a protocol of their own, for which a stock Envoy has no filter. */
function alpn({ port, tls }: Server, source: CertificateSource): string[] {
  const protocol = parseProtocol(port.protocol);
  const isStream = !isHttp(protocol) && protocol !== 'HTTPS';
  return tls?.mode === 'ISTIO_MUTUAL' && isStream && hasAgent(source) ? [PEER_EXCHANGE, 'h2', 'http/1.1'] : ['h2', 'http/1.1'];
}

function certificates(tls: ServerTLSSettings, source: CertificateSource, provider: Backend | undefined): Common {
  if (tls.mode === 'ISTIO_MUTUAL') return workloadCertificates(source, conditions(tls));
  const names = tls.credentialNames?.length ? tls.credentialNames : tls.credentialName ? [tls.credentialName] : [];
  return names.length > 0 ? fromCredentials(names, tls, (name) => credentialSecret(name, source, provider)) : fromFiles(tls, source);
}

/** Secrets over SDS. One CA serves all certificates: the one that is named, else the first certificate's. */
function fromCredentials(names: readonly string[], tls: ServerTLSSettings, secret: (name: string) => SdsSecretConfig): Common {
  const own: Common = { tlsCertificateSdsSecretConfigs: names.map(secret) };
  if (!asksClients(tls)) return own;
  const ca = tls.caCertCredentialName || `${names[0]}${CA_SUFFIX}`;
  return {
    ...own,
    validationContextType: {
      $case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { ...conditions({ ...tls, caCrl: '' }), ...pins(tls) },
        validationContextSdsSecretConfig: secret(ca),
      },
    },
  };
}

/** Files of the proxy. What no file is named for comes from the workload's own certificate. */
function fromFiles(tls: ServerTLSSettings, source: CertificateSource): Common {
  const named = (tls.tlsCertificates?.length ? tls.tlsCertificates : [tls]).flatMap(({ serverCertificate, privateKey }) =>
    serverCertificate && privateKey ? [{ certificate: serverCertificate, key: privateKey }] : [],
  );
  return {
    ...fileCertificates(named, source),
    ...(asksClients(tls) ? fileValidation(tls.caCertificates ?? '', conditions(tls), source, pins(tls)) : {}),
  };
}

const asksClients = ({ mode }: ServerTLSSettings): boolean => mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';

/** What a client's certificate must be, beside being signed by the CA. */
function conditions({ subjectAltNames = [], caCrl, insecureSkipVerify }: ServerTLSSettings): Partial<CertificateValidationContext> {
  return {
    matchSubjectAltNames: subjectAltNames.map((value) => ({ matchPattern: { $case: 'exact', value } })),
    ...(caCrl ? { crl: file(caCrl) } : {}),
    ...(insecureSkipVerify === true ? { trustChainVerification: TrustChainVerification.ACCEPT_UNTRUSTED } : {}),
  };
}

const file = (filename: string) => ({ specifier: { $case: 'filename' as const, value: filename } });
