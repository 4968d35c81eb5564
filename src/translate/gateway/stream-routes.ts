/**
 * Byte streams through a gateway: which VirtualService routes hold at a server, and their tcp_proxy (GW-007, GW-009, GW-010).
 * Of the conditions only port and gateways count at a gateway; SNI is Envoy's to match. https://istio.io/latest/docs/reference/config/networking/virtual-service/#L4MatchAttributes
 */
import type { DestinationRuleSpec, L4MatchAttributes, RouteDestination, Server, TLSMatchAttributes, VirtualService } from '../../api/istio.js';
import { keyOf } from '../../api/resource.js';
import { hostsOverlap } from '../../model/hosts.js';
import type { GatewayServer } from '../../model/mesh.js';
import type { Service } from '../../model/service.js';
import { statName } from '../cluster/stat-name.js';
import { connectionSettings } from '../listener/outbound-tcp-proxy.js';
import type { TcpProxyPlan } from '../listener/tcp-proxy.js';
import { destinationCluster } from '../route/destination.js';
import { hostsFor } from '../route/gateway-hosts.js';

/** What is known of the mesh behind a gateway. */
export interface StreamContext {
  readonly outboundStatName: string;
  /** Bound to a Gateway (`namespace/name`), names resolved, in Istio's order. */
  readonly virtualServices: (gateway: string) => readonly VirtualService[];
  /** The service that a destination's host means here. */
  readonly service: (hostname: string) => Service | undefined;
  readonly rule: (service: Service) => DestinationRuleSpec | undefined;
}

/** The tcp_proxy of the first `tcp` route that holds; undefined when no VirtualService has one. */
export function tcpRoute(at: GatewayServer, context: StreamContext): TcpProxyPlan | undefined {
  for (const row of bound(at, context)) {
    for (const { match = [], route = [] } of row.spec.tcp ?? []) {
      if (route.length === 0 || !(match.length === 0 || match.some((condition) => holds(condition, at)))) continue;
      return routeProxy(at.server, row, route, context);
    }
  }
  return undefined;
}

/** One `tls` route that holds, by the names in the client's SNI. */
export interface SniRoute {
  readonly sniHosts: readonly string[];
  readonly proxy: TcpProxyPlan;
}

export function tlsRoutes(at: GatewayServer, context: StreamContext): readonly SniRoute[] {
  return bound(at, context).flatMap((row) =>
    (row.spec.tls ?? []).flatMap(({ match, route = [] }) => {
      if (route.length === 0) return [];
      const conditions = match.filter((condition) => holds(condition, at));
      return conditions.map(({ sniHosts }) => ({ sniHosts, proxy: routeProxy(at.server, row, route, context) }));
    }),
  );
}

/** VirtualServices that share a host with the server; which one does not matter for byte streams. */
function bound({ gateway, server }: GatewayServer, context: StreamContext): readonly VirtualService[] {
  return context.virtualServices(keyOf(gateway)).filter(({ metadata, spec }) => {
    const hosts = hostsFor(server, metadata.namespace, gateway.metadata.namespace);
    return (spec.hosts ?? []).some((host) => hosts.some((offered) => hostsOverlap(offered, host)));
  });
}

const holds = ({ port, gateways = [] }: L4MatchAttributes | TLSMatchAttributes, { gateway, server }: GatewayServer): boolean =>
  (!port || port === server.port.number) && (gateways.length === 0 || gateways.includes(keyOf(gateway)));

function routeProxy({ port }: Server, row: VirtualService, route: readonly RouteDestination[], context: StreamContext): TcpProxyPlan {
  const clusterOf = ({ destination }: RouteDestination): string => destinationCluster(destination ?? { host: '' }, port.number, context.service);
  const [first] = route as readonly [RouteDestination, ...RouteDestination[]];
  const host = first.destination?.host ?? '';
  const subset = first.destination?.subset ?? '';
  const service = context.service(host);
  const rule = service === undefined ? undefined : context.rule(service);
  if (route.length === 1) {
    const cluster = clusterOf(first);
    const named = context.outboundStatName !== '' && service !== undefined;
    const statPrefix = named
      ? statName(context.outboundStatName, {
          service: { ...service, hostname: host },
          subset,
          port: { name: port.name, port: port.number },
          targetPort: 0,
        })
      : cluster;
    return { to: cluster, statPrefix, ...connectionSettings(rule, subset) };
  }
  const weighted = route.filter(({ weight = 0 }) => weight > 0);
  const clusters = weighted.map((destination) => ({ cluster: clusterOf(destination), weight: destination.weight ?? 0 }));
  // Settings of a subset cannot hold for several destinations. Without any weight the first gets all.
  return {
    to: clusters.length === 0 ? clusterOf(first) : clusters,
    statPrefix: `${row.metadata.name}.${row.metadata.namespace}`,
    ...connectionSettings(rule, ''),
  };
}
