/**
 * UpstreamTlsContext: Istio mutual TLS between workloads, and the TLS that a DestinationRule originates (DR-023..DR-026, PA-013, PA-014).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto
 */
import type { TransportSocket } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { TlsParameters_TlsProtocol } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import { UpstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { ClientTLSSettings } from '../../api/istio.js';
import type { TLSConfig } from '../../api/mesh-config.js';
import { type CertificateSource, hasAgent } from '../../model/certificate-source.js';
import { ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE } from '../../model/names.js';
import { PEER_EXCHANGE } from '../peer-exchange.js';
import { toAny } from '../proto.js';
import { credentialSecret, fileSecret, workloadSecret } from './sds.js';

type UpstreamPartial = Parameters<typeof UpstreamTlsContext.fromPartial>[0];
type CommonPartial = NonNullable<UpstreamPartial['commonTlsContext']>;

/** CA bundle of the proxy's image, for a stock Envoy without an agent that would serve `file-root:system`. */
const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Wraps a TLS context as a transport socket. */
export const tlsTransportSocket = (context: UpstreamPartial): TransportSocket => ({
  name: 'envoy.transport_sockets.tls',
  configType: { $case: 'typedConfig', value: toAny(UpstreamTlsContext, context) },
});

const upstreamParams = (): NonNullable<CommonPartial['tlsParams']> => ({
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
});

const exact = (names: readonly string[]) => names.map((value) => ({ matchPattern: { $case: 'exact' as const, value } }));

export interface MutualTlsInput {
  /** '' leaves the SNI to auto_sni. */
  readonly sni: string;
  readonly subjectAltNames: readonly string[];
  readonly http2: boolean;
  readonly certificates: CertificateSource;
  /** See peer-exchange.ts. */
  readonly peerExchange?: boolean;
}

/** TLS with the workload's certificate. The ALPN `istio` tells the server's filter chains that the peer is of the mesh. */
export function istioMutualContext(input: MutualTlsInput): UpstreamPartial {
  return {
    sni: input.sni,
    commonTlsContext: {
      tlsParams: upstreamParams(),
      alpnProtocols: [...(input.peerExchange === true ? [PEER_EXCHANGE] : []), 'istio', ...(input.http2 ? ['h2'] : [])],
      tlsCertificateSdsSecretConfigs: [workloadSecret(WORKLOAD_CERTIFICATE, input.certificates)],
      validationContextType: {
        $case: 'combinedValidationContext',
        value: {
          defaultValidationContext: { matchSubjectAltNames: exact(input.subjectAltNames) },
          validationContextSdsSecretConfig: workloadSecret(ROOT_CERTIFICATE, input.certificates),
        },
      },
    },
  };
}

export interface OriginatedTlsInput {
  /** Mode SIMPLE or MUTUAL. */
  readonly tls: ClientTLSSettings;
  /** Those of the rule, else of the ServiceEntry (SD-041). */
  readonly subjectAltNames: readonly string[];
  readonly http2: boolean;
  readonly certificates: CertificateSource;
  readonly tlsDefaults: TLSConfig | undefined;
}

/** TLS as the rule's author wants it. Undefined when MUTUAL lacks its certificate: then no TLS is set up, as in the reference. */
export function originatedContext(input: OriginatedTlsInput): UpstreamPartial | undefined {
  const { tls, tlsDefaults } = input;
  const certificates = ownCertificates(tls, input.certificates);
  if (certificates === undefined) return undefined;
  return {
    sni: tls.sni ?? '',
    commonTlsContext: {
      tlsParams: {
        ...upstreamParams(),
        ...(tlsDefaults?.ecdhCurves?.length ? { ecdhCurves: tlsDefaults.ecdhCurves } : {}),
        ...(tlsDefaults?.cipherSuites?.length ? { cipherSuites: tlsDefaults.cipherSuites } : {}),
      },
      ...(input.http2 ? { alpnProtocols: ['h2'] } : {}),
      ...certificates,
      ...validation(input),
    },
  };
}

function ownCertificates(tls: ClientTLSSettings, source: CertificateSource): CommonPartial | undefined {
  if (tls.mode !== 'MUTUAL') return {};
  if (tls.credentialName) return { tlsCertificateSdsSecretConfigs: [credentialSecret(tls.credentialName, source)] };
  const { clientCertificate, privateKey } = tls;
  if (!clientCertificate || !privateKey) return undefined;
  if (hasAgent(source)) return { tlsCertificateSdsSecretConfigs: [fileSecret(`file-cert:${clientCertificate}~${privateKey}`, source)] };
  return { tlsCertificates: [{ certificateChain: file(clientCertificate), privateKey: file(privateKey) }] };
}

function validation({ tls, subjectAltNames, certificates }: OriginatedTlsInput): CommonPartial {
  if (tls.insecureSkipVerify) {
    return tls.credentialName ? {} : { validationContextType: { $case: 'validationContext', value: {} } };
  }
  const defaults = { matchSubjectAltNames: exact(subjectAltNames) };
  if (tls.credentialName) {
    const secret = credentialSecret(`${tls.credentialName}-cacert`, certificates);
    return {
      validationContextType: {
        $case: 'combinedValidationContext',
        value: { defaultValidationContext: defaults, validationContextSdsSecretConfig: secret },
      },
    };
  }
  const withCrl = { ...defaults, ...(tls.caCrl ? { crl: file(tls.caCrl) } : {}) };
  const root = tls.caCertificates || 'system';
  if (hasAgent(certificates)) {
    const secret = fileSecret(`file-root:${root}`, certificates);
    return {
      validationContextType: {
        $case: 'combinedValidationContext',
        value: { defaultValidationContext: withCrl, validationContextSdsSecretConfig: secret },
      },
    };
  }
  // Without an agent nobody serves file-root secrets: Envoy reads the file itself.
  const trustedCa = file(root === 'system' ? SYSTEM_BUNDLE : root);
  return { validationContextType: { $case: 'validationContext', value: { ...withCrl, trustedCa } } };
}

const file = (filename: string) => ({ specifier: { $case: 'filename' as const, value: filename } });
