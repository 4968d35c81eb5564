/**
 * Where a gateway ends TLS: its certificates, and what it asks of clients (GW-003..GW-006, GW-012..GW-016, GW-019).
 * https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode
 */
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as TrustChainVerification,
} from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import type { CommonTlsContext, DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { Server, ServerTLSSettings } from '../../api/istio.js';
import type { TLSConfig } from '../../api/mesh-config.js';
import { ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE } from '../../model/names.js';
import { isHttp, parseProtocol } from '../../model/protocol.js';
import type { CertificateSource } from '../../model/proxy.js';
import type { Partial } from '../proto.js';
import { credentialSecret, fileSecret, workloadSecret } from '../tls/sds.js';
import { tlsParameters } from './tls-parameters.js';

type Common = Partial<CommonTlsContext>;

const CA_SUFFIX = '-cacert';

/** The context of a server that ends TLS. */
export function gatewayTlsContext(server: Server, source: CertificateSource, tlsDefaults: TLSConfig | undefined): Partial<DownstreamTlsContext> {
  const tls = server.tls ?? {};
  const { mode } = tls;
  const parameters = mode === 'ISTIO_MUTUAL' ? undefined : tlsParameters(tls, tlsDefaults);
  return {
    commonTlsContext: {
      alpnProtocols: alpn(server),
      ...certificates(tls, source),
      ...(parameters === undefined ? {} : { tlsParams: parameters }),
    },
    requireClientCertificate: mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL',
  };
}

/** Mesh clients of a byte stream offer a protocol of their own. */
function alpn({ port, tls }: Server): string[] {
  const protocol = parseProtocol(port.protocol);
  const isStream = !isHttp(protocol) && protocol !== 'HTTPS';
  return tls?.mode === 'ISTIO_MUTUAL' && isStream ? ['istio-peer-exchange', 'h2', 'http/1.1'] : ['h2', 'http/1.1'];
}

function certificates(tls: ServerTLSSettings, source: CertificateSource): Common {
  if (tls.mode === 'ISTIO_MUTUAL') return fromWorkload(tls, source);
  const names = tls.credentialNames?.length ? tls.credentialNames : tls.credentialName ? [tls.credentialName] : [];
  return names.length > 0 ? fromCredentials(names, tls, source) : fromFiles(tls, source);
}

function fromWorkload(tls: ServerTLSSettings, source: CertificateSource): Common {
  return {
    tlsCertificateSdsSecretConfigs: [workloadSecret(WORKLOAD_CERTIFICATE, source)],
    validationContextType: {
      $case: 'combinedValidationContext',
      value: { defaultValidationContext: conditions(tls), validationContextSdsSecretConfig: workloadSecret(ROOT_CERTIFICATE, source) },
    },
  };
}

/** Secrets over SDS. One CA serves all certificates: the one that is named, else the first certificate's. */
function fromCredentials(names: readonly string[], tls: ServerTLSSettings, source: CertificateSource): Common {
  const own: Common = { tlsCertificateSdsSecretConfigs: names.map((name) => credentialSecret(name, source)) };
  if (!asksClients(tls)) return own;
  const ca = tls.caCertCredentialName || `${names[0]}${CA_SUFFIX}`;
  return {
    ...own,
    validationContextType: {
      $case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { ...conditions({ ...tls, caCrl: '' }), ...pins(tls) },
        validationContextSdsSecretConfig: credentialSecret(ca, source),
      },
    },
  };
}

/**
 * Files of the proxy: served by its agent, which watches them. Without an agent Envoy reads them itself, and then keeps to pins as well.
 * What no file is named for comes from the workload's own certificate.
 */
function fromFiles(tls: ServerTLSSettings, source: CertificateSource): Common {
  const named = (tls.tlsCertificates?.length ? tls.tlsCertificates : [tls]).flatMap(({ serverCertificate, privateKey }) =>
    serverCertificate && privateKey ? [{ serverCertificate, privateKey }] : [],
  );
  return { ...fileCertificates(named, source), ...(asksClients(tls) ? fileValidation(tls, source) : {}) };
}

function fileCertificates(pairs: readonly { serverCertificate: string; privateKey: string }[], source: CertificateSource): Common {
  if (pairs.length === 0) return { tlsCertificateSdsSecretConfigs: [workloadSecret(WORKLOAD_CERTIFICATE, source)] };
  if (source === 'agent') {
    return {
      tlsCertificateSdsSecretConfigs: pairs.map(({ serverCertificate, privateKey }) => fileSecret(`file-cert:${serverCertificate}~${privateKey}`)),
    };
  }
  return {
    tlsCertificates: pairs.map(({ serverCertificate, privateKey }) => ({ certificateChain: file(serverCertificate), privateKey: file(privateKey) })),
  };
}

function fileValidation(tls: ServerTLSSettings, source: CertificateSource): Common {
  const ca = tls.caCertificates ?? '';
  if (ca !== '' && source === 'ads') {
    return { validationContextType: { $case: 'validationContext', value: { ...conditions(tls), ...pins(tls), trustedCa: file(ca) } } };
  }
  const secret = ca === '' ? workloadSecret(ROOT_CERTIFICATE, source) : fileSecret(`file-root:${ca}`);
  return {
    validationContextType: {
      $case: 'combinedValidationContext',
      value: { defaultValidationContext: conditions(tls), validationContextSdsSecretConfig: secret },
    },
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

const pins = ({ verifyCertificateSpki = [], verifyCertificateHash = [] }: ServerTLSSettings): Partial<CertificateValidationContext> => ({
  verifyCertificateSpki,
  verifyCertificateHash,
});

const file = (filename: string) => ({ specifier: { $case: 'filename' as const, value: filename } });
