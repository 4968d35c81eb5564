/**
 * TLS and keepalive of a collector in the bootstrap. Certificates are files: a static cluster comes before any discovery.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
 */
import { parseDuration, SECOND } from '../../api/duration.js';
import type { ClientTLSSettings } from '../../api/istio.js';
import type { TcpKeepalive } from '../../api/mesh-config.js';
import type { Json } from './workload.js';

export function remoteTls(field: string, tls: ClientTLSSettings | undefined, isGrpc: boolean): Json {
  const mode = tls?.mode ?? 'DISABLE';
  if (tls === undefined || mode === 'DISABLE') return {};
  const at = (name: string, why: string): never => {
    throw new Error(`${field}.tlsSettings.${name}: ${why}`);
  };
  if (mode === 'ISTIO_MUTUAL') at('mode', 'ISTIO_MUTUAL is not possible: the proxy has its certificate only after it has joined');
  if (!tls.caCertificates) at('caCertificates', 'must name a file');
  if (mode === 'MUTUAL' && !(tls.clientCertificate && tls.privateKey)) at('clientCertificate', 'and privateKey must name files for mode MUTUAL');
  const certificate = { certificate_chain: { filename: tls.clientCertificate }, private_key: { filename: tls.privateKey } };
  const names = (tls.subjectAltNames ?? []).flatMap((exact) => ['DNS', 'URI'].map((san_type) => ({ san_type, matcher: { exact } })));
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        ...(tls.sni && { sni: tls.sni }),
        common_tls_context: {
          ...(isGrpc && { alpn_protocols: ['h2'] }),
          ...(mode === 'MUTUAL' && { tls_certificates: [certificate] }),
          validation_context: {
            trusted_ca: { filename: tls.caCertificates },
            ...(names.length > 0 && { match_typed_subject_alt_names: names }),
          },
        },
      },
    },
  };
}

export function remoteKeepalive(keepalive: TcpKeepalive | undefined): Json {
  if (keepalive === undefined) return {};
  const seconds = (text: string | undefined): number => Math.floor((parseDuration(text ?? '0s') ?? 0) / SECOND);
  const [time, interval] = [seconds(keepalive.time), seconds(keepalive.interval)];
  const tcp_keepalive = {
    ...(keepalive.probes && { keepalive_probes: keepalive.probes }),
    ...(time > 0 && { keepalive_time: time }),
    ...(interval > 0 && { keepalive_interval: interval }),
  };
  return { upstream_connection_options: { tcp_keepalive } };
}
