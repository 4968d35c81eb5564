/**
 * Filter chains of one gateway listener, server by server (envoy-shapes §11). Envoy refuses a listener in which two chains could take the same
 * connection: the later one is left out.
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import type { DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { GatewayTopology, TLSConfig } from '../../api/mesh-config.js';
import type { CertificateSource } from '../../model/certificate-source.js';
import type { Backend } from '../../model/extension-providers.js';
import { bareHosts, isPlainHttp, passesThrough, terminatesHttps } from '../../model/gateway-server.js';
import type { GatewayServer } from '../../model/mesh.js';
import { type Protocol, parseProtocol } from '../../model/protocol.js';
import { AFTER_RULES, ALL_PHASES, BEFORE_RULES, networkExtensions } from '../extension/chain.js';
import { NO_SECURITY, type SecurityFilters } from '../http-filter/security.js';
import { tcpStats } from '../http-filter/stats.js';
import { type ChainMatch, MATCH_ALL } from '../listener/filter-chain-match.js';
import { protocolFilters } from '../listener/protocol-filters.js';
import type { HttpSettings, TcpSettings } from '../listener/settings.js';
import { type TcpProxyPlan, tcpProxy } from '../listener/tcp-proxy.js';
import { exchangingChain } from '../peer-exchange.js';
import type { Partial } from '../proto.js';
import { type AutoPassthroughContext, autoPassthrough, MUTUAL_TLS_ALPN } from './auto-passthrough.js';
import { gatewayConnectionManager } from './http.js';
import { type StreamContext, tcpRoute, tlsRoutes } from './stream-routes.js';
import { gatewayTlsContext, http3TlsContext } from './tls-context.js';

export interface GatewayChain {
  readonly match: ChainMatch;
  readonly tls?: Partial<DownstreamTlsContext>;
  readonly filters: readonly Partial<Filter>[];
}

export interface ChainContext extends StreamContext, AutoPassthroughContext {
  readonly listener: string;
  readonly certificates: CertificateSource;
  readonly topology: GatewayTopology;
  readonly tlsDefaults: TLSConfig | undefined;
  /** Serves credentials named `sds://…` (GW-017). */
  readonly sdsProvider?: Backend;
  /** Of the gateway itself. */
  readonly security: SecurityFilters;
  readonly http: HttpSettings;
  readonly tcp: TcpSettings;
}

export function gatewayChains(servers: readonly GatewayServer[], context: ChainContext): readonly GatewayChain[] {
  // Plain HTTP servers share one chain and tell their hosts apart by routes.
  const firstHttp = servers.find(({ server }) => isPlainHttp(server));
  const own = servers.filter((at) => at === firstHttp || !isPlainHttp(at.server));
  // Servers of one protocol stand together, as in the reference; within it in merge order.
  const chains = [...Map.groupBy(own, ({ server }) => server.port.protocol).values()].flat().flatMap((at) => chainsOf(at, context));
  return withoutClashes(chains);
}

/** The same servers over QUIC (GW-027): no extensions of byte streams, there are none. */
export function http3Chains(servers: readonly GatewayServer[], context: ChainContext): readonly GatewayChain[] {
  return withoutClashes(
    servers.map((at) => ({
      match: { ...MATCH_ALL, serverNames: bareHosts(at.server) },
      tls: http3TlsContext(at.server, context.certificates, context.tlsDefaults, context.sdsProvider),
      filters: [connectionManager(at, at.server.name ?? '', 'HTTPS', context, true)],
    })),
  );
}

function withoutClashes(chains: readonly GatewayChain[]): readonly GatewayChain[] {
  const taken = new Set<string>();
  return chains.filter(({ match }) => {
    const conditions = conditionsOf(match);
    if (conditions.some((condition) => taken.has(condition))) return false;
    for (const condition of conditions) taken.add(condition);
    return true;
  });
}

/** Every SNI counts on its own; no SNI and `*` are one. */
function conditionsOf({ serverNames, applicationProtocols }: ChainMatch): string[] {
  const names = serverNames.length === 0 || serverNames.includes('*') ? ['*'] : serverNames;
  return names.map((name) => `${name.toLowerCase()} ${applicationProtocols.join()}`);
}

function chainsOf(at: GatewayServer, context: ChainContext): readonly GatewayChain[] {
  const { server } = at;
  const protocol = parseProtocol(server.port.protocol);
  if (isPlainHttp(server)) return [{ match: MATCH_ALL, filters: [...extensionsBefore(at, context), connectionManager(at, '', protocol, context)] }];
  if (terminatesHttps(server)) {
    return [
      {
        match: { ...MATCH_ALL, serverNames: bareHosts(server) },
        tls: gatewayTlsContext(server, context.certificates, context.tlsDefaults, context.sdsProvider),
        filters: [...extensionsBefore(at, context), connectionManager(at, server.name ?? '', protocol, context)],
      },
    ];
  }
  if (passesThrough(server)) return passthroughChains(at, protocol, context);
  const proxy = tcpRoute(at, context);
  if (proxy === undefined) return [];
  const filters = stream(at, protocol, proxy, context);
  if (server.tls === undefined) return [{ match: MATCH_ALL, filters }];
  return [
    {
      match: { ...MATCH_ALL, serverNames: bareHosts(server) },
      tls: gatewayTlsContext(server, context.certificates, context.tlsDefaults, context.sdsProvider),
      filters,
    },
  ];
}

function passthroughChains(at: GatewayServer, protocol: Protocol, context: ChainContext): readonly GatewayChain[] {
  if (at.server.tls?.mode === 'AUTO_PASSTHROUGH') {
    // Two ends of a mutual TLS connection: the server's own policies decide, for the gateway there is nothing to see.
    const open = { ...context, security: NO_SECURITY };
    return autoPassthrough(at.server, context).map(({ cluster, port, protocol: ofPort, proxy }) => ({
      match: { ...MATCH_ALL, serverNames: [cluster], applicationProtocols: MUTUAL_TLS_ALPN },
      filters: stream(at, ofPort, proxy, open, port),
    }));
  }
  return tlsRoutes(at, context).map(({ sniHosts, proxy }) => ({
    match: { ...MATCH_ALL, serverNames: sniHosts },
    filters: stream(at, protocol, proxy, context),
  }));
}

const connectionManager = (
  { routeName, targetPort: port }: GatewayServer,
  statPrefix: string,
  protocol: Protocol,
  { listener, topology, security, http }: ChainContext,
  http3 = false,
): Partial<Filter> => gatewayConnectionManager({ listener, routeName, protocol, statPrefix, topology, port, security: security.http, http3 }, http);

const extensionsBefore = ({ targetPort }: GatewayServer, { http }: ChainContext): Partial<Filter>[] =>
  networkExtensions(http.extensions, ALL_PHASES, targetPort);

const stream = (
  { targetPort, server }: GatewayServer,
  protocol: Protocol,
  proxy: TcpProxyPlan,
  { security, tcp }: ChainContext,
  port = targetPort,
): Partial<Filter>[] => [
  ...(server.tls?.mode === 'ISTIO_MUTUAL' ? exchangingChain(tcp) : []),
  ...security.network.custom,
  ...networkExtensions(tcp.extensions, BEFORE_RULES, port),
  ...security.network.rules,
  ...networkExtensions(tcp.extensions, AFTER_RULES, port),
  ...tcpStats(tcp),
  ...protocolFilters(protocol, proxy.statPrefix),
  tcpProxy(proxy, tcp),
];
