/**
 * VHDS: virtual hosts of large route configurations as resources of their own, so that a change of one costs a proxy that one's bytes. Which
 * route configurations those are is decided here; listeners ask for them under another name. The rules follow what Envoy does
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds): a host belongs to the route configuration that its name
 * begins with, and VirtualHost.name is the whole name, else Envoy could not remove it.
 */
import { sameElements } from '../graph/equality.js';
import type { Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { encodeHead, encodeVirtualHost, type VirtualHostParts } from '../translate/route/encode-routes.js';
import { parseSidecarRouteName, type SidecarRouteName, vhdsRouteName, withoutVhds } from '../translate/route/route-name.js';
import { type EncodedResource, encodeBytes, sameResource } from './encode.js';
import type { PlannedVirtualHost, RoutePlan } from './route-plans.js';
import { VIRTUAL_HOST_TYPE } from './type-urls.js';

export interface VirtualHostViews {
  /** Name of the route configuration of a port: another one where its virtual hosts are many and come one by one (VHDS). */
  routesOfPort(scope: OutboundScope, port: number): string;
  /** Virtual hosts that belong to a route configuration and are not in it; never empty for one that has VHDS. */
  virtualHosts(scope: string, name: string): readonly EncodedResource[];
}

type PlanOf = (scope: string, route: SidecarRouteName) => RoutePlan | undefined;

export function defineVirtualHostViews(
  mesh: Mesh,
  planOf: PlanOf,
  partsOf: (scope: string, host: PlannedVirtualHost) => VirtualHostParts,
): VirtualHostViews {
  const { graph } = mesh;

  /** Key: `scope|port`. Changes only when the number of hosts crosses the threshold. */
  const isLarge = graph.query('routeConfigurationIsLarge', (key: string): boolean => {
    const [id = '', name = ''] = key.split('|');
    const route = parseSidecarRouteName(name);
    const hosts = (route && planOf(id, route)?.hosts.length) ?? 0;
    return hosts > (scopeOf<OutboundScope>(id).vhdsThreshold ?? Number.POSITIVE_INFINITY);
  });

  /** Key: `scope|route name`, without the mark of VHDS. */
  const byName = graph.query('virtualHostsByName', (key: string): ReadonlyMap<string, PlannedVirtualHost> => {
    const [id, name] = split(key);
    const route = parseSidecarRouteName(name);
    // A host may not bring a slash: the last one ends the route configuration's name.
    return new Map((route && planOf(id, route)?.hosts)?.map((host) => [host.name.replaceAll('/', '_'), host]));
  });

  /** Key: `scope|route name|virtual host`. */
  const one = graph.query(
    'virtualHost',
    (key: string): EncodedResource | undefined => {
      const [id, rest] = split(key);
      const bar = rest.indexOf('|');
      const routeName = rest.slice(0, bar);
      const host = byName.get(`${id}|${routeName}`).get(rest.slice(bar + 1));
      if (host === undefined) return undefined;
      const name = `${vhdsRouteName(routeName)}/${rest.slice(bar + 1)}`;
      return encodeBytes(VIRTUAL_HOST_TYPE, name, encodeVirtualHost(name, partsOf(id, host)));
    },
    { equals: sameResource },
  );

  /** Key: `scope|route name`. */
  const all = graph.query(
    'virtualHosts',
    (key: string): readonly EncodedResource[] => {
      const hosts = [...byName.get(key).keys()].flatMap((name) => one.get(`${key}|${name}`) ?? []);
      return hosts.length > 0 ? hosts : [placeholder(split(key)[1])];
    },
    { equals: sameElements },
  );

  return {
    routesOfPort(scope, port) {
      const name = String(port);
      return scope.vhdsThreshold !== undefined && isLarge.get(`${scope.id}|${name}`) ? vhdsRouteName(name) : name;
    },
    virtualHosts(scope, name) {
      const short = withoutVhds(name);
      return short === undefined ? [] : all.get(`${scope}|${short}`);
    },
  };
}

/** Envoy keeps a listener waiting until it hears of some host; this one has no routes and a domain that nobody has. */
function placeholder(routeName: string): EncodedResource {
  const name = `${vhdsRouteName(routeName)}/none`;
  const parts = { head: encodeHead(name, ['none.invalid']), routes: [], requireTls: false, includeRequestAttemptCount: false };
  return encodeBytes(VIRTUAL_HOST_TYPE, name, encodeVirtualHost(name, parts));
}

function split(key: string): [string, string] {
  const at = key.indexOf('|');
  return [key.slice(0, at), key.slice(at + 1)];
}
