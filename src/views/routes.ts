/**
 * RDS: route configurations of sidecars and gateways (envoy-shapes §7, XD-009). Plans of virtual hosts (route-plans.ts) and routes
 * (route-sources.ts) are apart, so that an edited VirtualService costs its own routes and the concatenation of bytes.
 */
import { resolveShortName } from '../model/hosts.js';
import type { Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { type CatchAll, catchAllOf, catchAllRoute } from '../translate/route/default-route.js';
import { destinationCluster } from '../translate/route/destination.js';
import {
  type EncodedRoutes,
  encodeHead,
  encodeRouteConfiguration,
  encodeRoutes,
  encodeUnknownRouteConfiguration,
  encodeVhdsRouteConfiguration,
  sameRoutes,
  type VirtualHostParts,
} from '../translate/route/encode-routes.js';
import { parseSidecarRouteName, type SidecarRouteName, withoutVhds } from '../translate/route/route-name.js';
import { type EncodedResource, encodeBytes, sameResource } from './encode.js';
import { defineGrpcHosts } from './grpc-hosts.js';
import { defineRoutePlans, type PlannedVirtualHost, type RoutePlan } from './route-plans.js';
import { defineRouteSources } from './route-sources.js';
import { ROUTE_TYPE } from './type-urls.js';
import { defineVirtualHostViews, type VirtualHostViews } from './virtual-hosts.js';

export interface RouteViews extends VirtualHostViews {
  /** What a proxy's routes depend on: the key for {@link RouteViews.route}. */
  scope(proxyKey: string): string;
  /** The route configuration of that name; an empty one when nothing is known of it. */
  route(scope: string, name: string): EncodedResource;
}

export function defineRouteViews(mesh: Mesh): RouteViews {
  const { graph } = mesh;
  const sources = defineRouteSources(mesh);
  const plans = defineRoutePlans(mesh, sources);

  const partsOf = (id: string): ((host: PlannedVirtualHost) => VirtualHostParts) => {
    const { includeRequestAttemptCount } = sources.settings(id);
    return ({ head, routes, requireTls, isPlaceholder }) => ({
      head,
      routes: routes.map((key) => sources.routes(key)),
      requireTls,
      includeRequestAttemptCount: includeRequestAttemptCount && !isPlaceholder,
    });
  };

  const sidecarPlan = (id: string, route: SidecarRouteName): RoutePlan | undefined => {
    const egress = mesh.sidecarScopes
      .egressListeners(scopeOf<OutboundScope>(id))
      .find(({ port, bind }) => !port || (port.number === route.port && (port.number !== 0 || bind === route.name)));
    if (egress === undefined) return undefined;
    // Requests on a port of this protocol name their target in full, whatever port that has.
    const port = egress.port?.protocol.toUpperCase() === 'HTTP_PROXY' ? 0 : route.port;
    return plans.sidecar(id, egress.index, port);
  };

  const sidecarRoute = (id: string, name: string): Uint8Array => {
    const short = withoutVhds(name);
    const route = parseSidecarRouteName(short ?? name);
    const plan = route && sidecarPlan(id, route);
    if (route === undefined) return encodeUnknownRouteConfiguration(name);
    if (short !== undefined) return encodeVhdsRouteConfiguration(name, [catchAllHost(id)]);
    // Without a listener of the Sidecar's for it (the HTTP proxy's, where all have a port) only the catch-all is there.
    if (route.host === undefined) return encodeRouteConfiguration(name, [...(plan?.hosts ?? []).map(partsOf(id)), catchAllHost(id)]);
    // A listener of one address has one service behind it, whatever the host header says.
    const own = plan?.hosts[plan.byDomain.get(route.host) ?? -1];
    return encodeRouteConfiguration(name, own === undefined ? [] : [{ ...partsOf(id)(own), head: encodeHead(own.name, ['*']) }]);
  };

  const catchAllKind = (scope: OutboundScope): CatchAll => catchAllOf(mesh.sidecarScopes.outboundTrafficPolicy(scope));
  /** Key: scope. */
  const catchAllRoutes = graph.query(
    'catchAllRoutes',
    (id: string): EncodedRoutes => {
      const scope = scopeOf<OutboundScope>(id);
      const proxy = mesh.sidecarScopes.spec(scope)?.outboundTrafficPolicy?.egressProxy;
      const host = resolveShortName(proxy?.host ?? '', scope.namespace, scope.domain);
      const cluster = proxy && destinationCluster({ ...proxy, host }, 0, () => undefined);
      return encodeRoutes([catchAllRoute(catchAllKind(scope), sources.settings(id).appendXForwardedHost, cluster)]);
    },
    { equals: sameRoutes },
  );
  const catchAllHost = (id: string): VirtualHostParts => ({
    head: encodeHead(catchAllKind(scopeOf<OutboundScope>(id)), ['*']),
    routes: [catchAllRoutes.get(id)],
    requireTls: false,
    includeRequestAttemptCount: sources.settings(id).includeRequestAttemptCount,
  });

  const gatewayRoute = (id: string, name: string): Uint8Array => {
    const plan = plans.gateway(id, name);
    return plan === undefined ? encodeUnknownRouteConfiguration(name) : encodeRouteConfiguration(name, plan.hosts.map(partsOf(id)));
  };

  const virtualHosts = defineVirtualHostViews(mesh, sidecarPlan, (id, host) => partsOf(id)(host));

  const grpcHost = defineGrpcHosts(mesh, plans, sources);
  const grpcRoute = (id: string, name: string): Uint8Array => {
    const host = grpcHost(id, name);
    return encodeRouteConfiguration(name, host === undefined ? [] : [{ ...partsOf(id)(host), includeRequestAttemptCount: false }]);
  };

  /** Key: `scope|route name`. */
  const route = graph.query(
    'routeConfiguration',
    (key: string): EncodedResource => {
      const bar = key.indexOf('|');
      const id = key.slice(0, bar);
      const name = key.slice(bar + 1);
      const { type, generator } = scopeOf<OutboundScope>(id);
      const encode = generator === 'grpc' ? grpcRoute : type === 'router' ? gatewayRoute : sidecarRoute;
      return encodeBytes(ROUTE_TYPE, name, encode(id, name));
    },
    { equals: sameResource },
  );

  return {
    scope: (proxyKey) => mesh.proxies.outboundScope(proxyKey).id,
    route: (scope, name) => route.get(`${scope}|${name}`),
    ...virtualHosts,
  };
}
