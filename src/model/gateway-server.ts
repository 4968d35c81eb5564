/**
 * What a server of a Gateway is: its protocol after TLS, whether TLS ends here, its hosts. Merging and translation ask the same questions.
 * https://istio.io/latest/docs/reference/config/networking/gateway/#Server
 */
import type { Server } from '../api/istio.js';
import { isHttp, parseProtocol } from './protocol.js';

/** TLS is handed on untouched, by VirtualService `tls` routes or by the SNI of mutual TLS. An unset mode means PASSTHROUGH. */
export function passesThrough({ tls }: Server): boolean {
  if (tls === undefined) return false;
  const { mode = 'PASSTHROUGH' } = tls;
  return mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH';
}

/** Plain HTTP; `tls` of such a server only says whether to redirect. */
export const isPlainHttp = ({ port }: Server): boolean => isHttp(parseProtocol(port.protocol));

/** Told apart by SNI, so that many can share a port. */
export const isTlsServer = (server: Server): boolean => server.tls !== undefined && !isPlainHttp(server);

/** HTTPS that ends here: has routes of its own. */
export const terminatesHttps = (server: Server): boolean =>
  server.tls !== undefined && parseProtocol(server.port.protocol) === 'HTTPS' && !passesThrough(server);

/**
 * HTTPS that can be had over QUIC too (GW-027). Envoy asks nobody for a certificate over QUIC, so a server that needs one stays with TCP, and
 * QUIC is TLS 1.3 only (RFC 9001 §4.2).
 */
export function allowsHttp3(server: Server): boolean {
  const { mode, maxProtocolVersion = 'TLS_AUTO' } = server.tls ?? {};
  const isOpen = mode !== 'MUTUAL' && mode !== 'ISTIO_MUTUAL';
  return terminatesHttps(server) && isOpen && (maxProtocolVersion === 'TLS_AUTO' || maxProtocolVersion === 'TLSV1_3');
}

/** Hosts without their `namespace/` part, sorted, each once. */
export const bareHosts = ({ hosts }: Server): readonly string[] => [...new Set(hosts.map((host) => host.slice(host.indexOf('/') + 1)))].sort();

/** Hosts as a merged proxy compares them: `./host` in the gateway's namespace, any-namespace hosts bare. */
export const scopedHosts = ({ hosts }: Server, gatewayNamespace: string): readonly string[] =>
  hosts.map((host) => (host.startsWith('./') ? `${gatewayNamespace}${host.slice(1)}` : host.startsWith('*/') ? host.slice(2) : host));
