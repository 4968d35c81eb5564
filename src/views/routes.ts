/**
 * RDS: route configurations of sidecars and gateways (envoy-shapes §7, XD-009). Plans of virtual hosts (names, domains) and their routes are
 * apart, so that an edited VirtualService costs its own routes and the concatenation of bytes.
 */

import { isDeepStrictEqual } from 'node:util';
import type { VirtualService } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import { resolveShortName } from '../model/hosts.js';
import type { Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { type CatchAll, catchAllRoute } from '../translate/route/default-route.js';
import { destinationCluster } from '../translate/route/destination.js';
import {
  encodeHead,
  encodeRouteConfiguration,
  encodeRoutes,
  encodeUnknownRouteConfiguration,
  type VirtualHostParts,
} from '../translate/route/encode-routes.js';
import { type BoundServer, gatewayHosts, type PlannedGatewayHost } from '../translate/route/gateway-hosts.js';
import { parseSidecarRouteName } from '../translate/route/route-name.js';
import type { HostBinding } from '../translate/route/sidecar-hosts.js';
import { type PlannedHost, sidecarHosts } from '../translate/route/sidecar-hosts.js';
import { type EncodedResource, encodeBytes, sameResource } from './encode.js';
import { defineRouteSources, semanticsOf } from './route-sources.js';
import { ROUTE_TYPE } from './type-urls.js';

export interface RouteViews {
  /** What a proxy's routes depend on: the key for {@link RouteViews.route}. */
  scope(proxyKey: string): string;
  /** The route configuration of that name; an empty one when nothing is known of it. */
  route(scope: string, name: string): EncodedResource;
}

/** A plan with what is needed to look into it and to compare it. */
interface Plan<H> {
  readonly hosts: readonly { readonly planned: H; readonly head: Uint8Array }[];
  /** Index of the virtual host that has a domain. */
  readonly byDomain: ReadonlyMap<string, number>;
  readonly text: string;
}
const samePlan = (a: Plan<unknown>, b: Plan<unknown>): boolean => a.text === b.text;

export function defineRouteViews(mesh: Mesh): RouteViews {
  const { graph } = mesh;
  const sources = defineRouteSources(mesh);

  /** Key: `scope|egress listener`. */
  const sidecarBindings = graph.query(
    'routeBindings',
    (key: string): readonly HostBinding[] => {
      const [scope = '', listener = ''] = key.split('|');
      return mesh.sidecarScopes.virtualServicesOf(scopeOf<OutboundScope>(scope), Number(listener)).map(bindingOf);
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: `scope|egress listener|port`. */
  const sidecarPlan = graph.query(
    'routePlan',
    (key: string): Plan<PlannedHost> => {
      const [id = '', listener = '', port = ''] = key.split('|');
      const scope = scopeOf<OutboundScope>(id);
      const listenPort = Number(port);
      return planOf(
        sidecarHosts({
          scope,
          listenPort,
          services: mesh.sidecarScopes.servicesOf(scope, Number(listener)),
          virtualServices: sidecarBindings.get(`${id}|${listener}`),
          hasRoutes: (virtualService) => sources.hasRoutes({ scope: id, gateway: 'mesh', port: listenPort, isTls: false, virtualService }),
        }),
      );
    },
    { equals: samePlan },
  );

  const sidecarRoute = (id: string, name: string): Uint8Array => {
    const scope = scopeOf<OutboundScope>(id);
    const route = parseSidecarRouteName(name);
    if (route === undefined) return encodeUnknownRouteConfiguration(name);
    const egress = mesh.sidecarScopes
      .egressListeners(scope)
      .find(({ port, bind }) => !port || (port.number === route.port && (port.number !== 0 || bind === name)));
    if (egress === undefined) return encodeUnknownRouteConfiguration(name);
    const { includeRequestAttemptCount } = sources.settings(id);
    // Requests on such a port name their target in full, whatever port that has.
    const port = egress.port?.protocol.toUpperCase() === 'HTTP_PROXY' ? 0 : route.port;
    const plan = sidecarPlan.get(`${id}|${egress.index}|${port}`);
    const parts = ({ planned: { from }, head }: (typeof plan.hosts)[number]): VirtualHostParts => ({
      head,
      routes: [
        'service' in from
          ? sources.ofService(id, from.service, from.port)
          : sources.ofVirtualService({ scope: id, gateway: 'mesh', port, isTls: false, virtualService: from.virtualService }),
      ],
      requireTls: false,
      includeRequestAttemptCount,
    });
    if (route.host === undefined) return encodeRouteConfiguration(name, [...plan.hosts.map(parts), catchAll(id, scope)]);
    // A listener of one address has one service behind it, whatever the host header says.
    const own = plan.hosts[plan.byDomain.get(route.host) ?? -1];
    return encodeRouteConfiguration(name, own === undefined ? [] : [{ ...parts(own), head: encodeHead(own.planned.name, ['*']) }]);
  };

  const catchAll = (id: string, scope: OutboundScope): VirtualHostParts => {
    const { includeRequestAttemptCount, appendXForwardedHost } = sources.settings(id);
    const kind: CatchAll = mesh.sidecarScopes.outboundTrafficPolicy(scope) === 'ALLOW_ANY' ? 'allow_any' : 'block_all';
    const proxy = mesh.sidecarScopes.spec(scope)?.outboundTrafficPolicy?.egressProxy;
    const cluster =
      proxy && destinationCluster({ ...proxy, host: resolveShortName(proxy.host ?? '', scope.namespace, scope.domain) }, 0, () => undefined);
    return {
      head: encodeHead(kind, ['*']),
      routes: [encodeRoutes([catchAllRoute(kind, appendXForwardedHost, cluster)])],
      requireTls: false,
      includeRequestAttemptCount,
    };
  };

  /** Key: `namespace|gateway`. */
  const gatewayBindings = graph.query(
    'gatewayRouteBindings',
    (key: string): readonly HostBinding[] => {
      const [namespace = '', gateway = ''] = key.split('|');
      return mesh.virtualServices.bound(namespace, gateway).map(bindingOf);
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: `scope|route name`. Undefined when no server has that name. */
  const gatewayPlan = graph.query(
    'gatewayRoutePlan',
    (key: string): Plan<PlannedGatewayHost> | undefined => {
      const [id, name] = split(key);
      const scope = scopeOf<OutboundScope>(id);
      const servers = mesh.gateways
        .listeners(scope)
        .flatMap((listener) => listener.servers.filter((server) => server.routeName === name))
        .map(({ gateway, server }): BoundServer => {
          const gatewayKey = keyOf(gateway);
          return {
            gateway: gatewayKey,
            gatewayNamespace: gateway.metadata.namespace,
            server,
            virtualServices: gatewayBindings.get(`${scope.namespace}|${gatewayKey}`),
          };
        });
      return servers.length === 0 ? undefined : planOf(gatewayHosts(servers, (from) => sources.hasRoutes({ ...from, scope: id })));
    },
    { equals: (a, b) => a?.text === b?.text },
  );

  const gatewayRoute = (id: string, name: string): Uint8Array => {
    const plan = gatewayPlan.get(`${id}|${name}`);
    if (plan === undefined) return encodeUnknownRouteConfiguration(name);
    const { includeRequestAttemptCount } = sources.settings(id);
    const hosts = plan.hosts.map(
      ({ planned, head }): VirtualHostParts => ({
        head,
        routes: planned.from.map((from) => sources.ofVirtualService({ ...from, scope: id })),
        requireTls: planned.requireTls,
        includeRequestAttemptCount: includeRequestAttemptCount && !planned.isPlaceholder,
      }),
    );
    return encodeRouteConfiguration(name, hosts);
  };

  /** Key: `scope|route name`. */
  const route = graph.query(
    'routeConfiguration',
    (key: string): EncodedResource => {
      const [id, name] = split(key);
      const encode = scopeOf<OutboundScope>(id).type === 'router' ? gatewayRoute : sidecarRoute;
      return encodeBytes(ROUTE_TYPE, name, encode(id, name));
    },
    { equals: sameResource },
  );

  return {
    scope: (proxyKey) => mesh.proxies.outboundScope(proxyKey).id,
    route: (scope, name) => route.get(`${scope}|${name}`),
  };
}

const bindingOf = (row: VirtualService): HostBinding => ({
  key: keyOf(row),
  hosts: row.spec.hosts ?? [],
  isGatewayApi: semanticsOf(row) === 'gateway-api',
});

function planOf<H extends PlannedHost | PlannedGatewayHost>(hosts: readonly H[]): Plan<H> {
  const byDomain = new Map<string, number>();
  const texts: string[] = [];
  const withHeads = hosts.map((planned, i) => {
    for (const domain of planned.domains) byDomain.set(domain, i);
    const { from, ...rest } = planned;
    texts.push(JSON.stringify({ ...rest, from: 'service' in from ? [from.service.key, from.port] : from }));
    return { planned, head: encodeHead(planned.name, planned.domains) };
  });
  return { hosts: withHeads, byDomain, text: texts.join('\n') };
}

function split(key: string): [string, string] {
  const at = key.indexOf('|');
  return [key.slice(0, at), key.slice(at + 1)];
}
