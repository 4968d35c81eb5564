/**
 * Server side of mutual TLS in the mesh: certificate and trust bundle of the workload, the client must present a certificate of one of the
 * mesh's trust domains. PA-007. https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto
 */
import type { TransportSocket } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { TlsParameters_TlsProtocol as TlsProtocol } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/common.js';
import { type CommonTlsContext, DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { CertificateSource } from '../../model/certificate-source.js';
import { PEER_EXCHANGE } from '../peer-exchange.js';
import { type Partial, toAny } from '../proto.js';
import { workloadCertificates } from '../tls/downstream.js';
import type { ListenerSettings } from './settings.js';

const CIPHERS = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

/** The workload's certificate; peers are checked against the mesh's roots and, by prefix, against the trust domains. */
function workloadTlsContext(certificates: CertificateSource, trustDomains: readonly string[]): Partial<CommonTlsContext> {
  return {
    alpnProtocols: ['h2', 'http/1.1'],
    ...workloadCertificates(certificates, {
      matchSubjectAltNames: trustDomains.map((domain) => ({ matchPattern: { $case: 'prefix' as const, value: `spiffe://${domain}/` } })),
    }),
  };
}

/** Transport socket of inbound filter chains that speak mutual TLS; with `exchanges` it offers what peer-exchange.ts is about. */
export function mutualTlsSocket({ certificates, trustDomains, meshTls }: ListenerSettings, exchanges: boolean): Partial<TransportSocket> {
  return tlsSocket({
    commonTlsContext: {
      ...workloadTlsContext(certificates, trustDomains),
      ...(exchanges ? { alpnProtocols: [PEER_EXCHANGE, 'h2', 'http/1.1'] } : {}),
      tlsParams: {
        tlsMinimumProtocolVersion: meshTls.minimum === 'TLSV1_3' ? TlsProtocol.TLSv1_3 : TlsProtocol.TLSv1_2,
        tlsMaximumProtocolVersion: TlsProtocol.TLSv1_3,
        cipherSuites: meshTls.cipherSuites.length > 0 ? [...meshTls.cipherSuites] : CIPHERS,
      },
    },
    requireClientCertificate: true,
  });
}

/** Wraps a downstream TLS context as a filter chain's transport socket. */
export const tlsSocket = (context: Partial<DownstreamTlsContext>): Partial<TransportSocket> => ({
  name: 'envoy.transport_sockets.tls',
  configType: { $case: 'typedConfig', value: toAny(DownstreamTlsContext, context) },
});
