/**
 * Queries from routes to VirtualService rows. A route's rules, its attachments and the hosts of a listener are apart, so that an edited rule
 * costs the VirtualServices which it is in and nothing beside them.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HTTPRoute, VirtualService } from '../../api/istio.js';
import { byAge, keyOf } from '../../api/resource.js';
import type { Collection, Graph } from '../../graph/graph.js';
import type { DerivedFinding } from '../derived-rows.js';
import type { BackendContext } from './backends.js';
import type { Listeners } from './define-listeners.js';
import { definePlacements, GATEWAY, LISTENER_SET, type ParentOutcome, type Placement, parentKind } from './define-placements.js';
import type { GatewayApiInputs } from './define-references.js';
import { type Finding, findingAt } from './finding.js';
import { grpcRules, type HttpRules, httpRules } from './http-rules.js';
import { hostName, meshName, originOf, ownerOf } from './names.js';
import { namespaceOf, type References, SERVICE, SERVICE_ENTRY } from './references.js';
import { type StreamRules, streamRules } from './stream-rules.js';
import type { GrpcRouteRow, HttpRouteRow, RouteKind, RouteRow, StreamRouteRow } from './types.js';
import { listenerVirtualService, meshVirtualService, type StreamTarget, streamVirtualServices } from './virtual-services.js';

export const ROUTE_KINDS: readonly RouteKind[] = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'];
const HTTP_KINDS = ['HTTPRoute', 'GRPCRoute'] as const;
const STREAM_KINDS = ['TLSRoute', 'TCPRoute'] as const;
export interface Routes {
  virtualService(key: string): VirtualService | undefined;
  virtualServicesOf(gateway: string): readonly VirtualService[];
  /** Of one route: its references and rules. */
  findings(kind: RouteKind, key: string): readonly DerivedFinding[];
  /** Of one route, for its conditions. */
  outcome(kind: RouteKind, key: string): RouteOutcome;
  /** How many routes are attached to a listener. */
  attached(internalGateway: string): number;
}

/** What became of a route. */
export interface RouteOutcome {
  /** In the order of its references; those that are not for us to judge are left out. */
  readonly parents: readonly ParentOutcome[];
  /** Of its rules, where they are served; a grant counts on one side only. */
  readonly mesh?: RulesOutcome;
  readonly gateway?: RulesOutcome;
}

/** Backends that can't be had, and why nothing of the rules is served, if so. */
export type RulesOutcome = Pick<HttpRules, 'findings' | 'refused'>;

/** Index keys of a route: what it refers to, services all alike. */
function parentKeys({ metadata, spec }: RouteRow): string[] {
  return (spec.parentRefs ?? []).map((ref) => {
    const kind = parentKind(ref);
    return kind === SERVICE || kind === SERVICE_ENTRY ? 'mesh' : `${kind} ${namespaceOf(ref, metadata.namespace)}/${ref.name}`;
  });
}

export function defineRoutes(graph: Graph, { rows, settings }: GatewayApiInputs, references: References, listeners: Listeners): Routes {
  const tables = new Map(ROUTE_KINDS.map((kind) => [kind, rows.of(kind) as unknown as Collection<RouteRow>]));
  const indexes = new Map([...tables].map(([kind, table]) => [kind, table.index('parent', parentKeys)]));
  const rowOf = (route: string): RouteRow | undefined => {
    const space = route.indexOf(' ');
    return tables.get(route.slice(0, space) as RouteKind)?.get(route.slice(space + 1));
  };
  const contextOf = (row: RouteRow, isMesh: boolean): BackendContext => ({
    kind: row.kind,
    namespace: row.metadata.namespace,
    isMesh,
    references,
  });

  const placed = definePlacements(graph, rows, settings.domain, references, listeners, rowOf);
  /** Key: 'mesh' or 'gateway', and the route. */
  const http = graph.query(
    'gatewayApiHttpRules',
    (key: string): HttpRules => {
      const [side, kind, name] = key.split(' ') as [string, RouteKind, string];
      const row = rowOf(`${kind} ${name}`);
      if (row === undefined) return { routes: [], findings: [] };
      const context = contextOf(row, side === 'mesh');
      return row.kind === 'GRPCRoute' ? grpcRules(row as GrpcRouteRow, context) : httpRules(row as HttpRouteRow, context);
    },
    { equals: isDeepStrictEqual },
  );
  const stream = graph.query(
    'gatewayApiStreamRules',
    (key: string): StreamRules => {
      const [side, kind, name] = key.split(' ') as [string, RouteKind, string];
      const row = rowOf(`${kind} ${name}`) as StreamRouteRow | undefined;
      return row === undefined ? { rules: [], findings: [] } : streamRules(row, contextOf(row, side === 'mesh'));
    },
    { equals: isDeepStrictEqual },
  );

  /** Routes that refer to a parent, as `kind namespace/name`. */
  const routesAt = (kinds: readonly RouteKind[], parent: string): readonly string[] =>
    kinds.flatMap((kind) => [...(indexes.get(kind)?.get(parent).keys() ?? [])].map((key) => `${kind} ${key}`));
  /** A listener's owner may be a Gateway or a ListenerSet. */
  const routesOf = (kinds: readonly RouteKind[], gateway: string): readonly string[] => {
    if (gateway === 'mesh') return routesAt(kinds, 'mesh');
    const owner = ownerOf(gateway)?.key;
    if (owner === undefined) return [];
    return [...new Set([...routesAt(kinds, `${GATEWAY} ${owner}`), ...routesAt(kinds, `${LISTENER_SET} ${owner}`)])];
  };

  /** HTTP VirtualServices of a gateway: who takes part in each, but not with what. Key: a Gateway row's, or 'mesh'. */
  const plan = graph.query(
    'gatewayApiHosts',
    (gateway: string): ReadonlyMap<string, Part> => {
      const parts = new Map<string, Part & { routes: string[] }>();
      for (const route of routesOf(HTTP_KINDS, gateway)) {
        const namespace = rowOf(route)?.metadata.namespace ?? '';
        for (const { hosts, servicePort, serviceNamespace } of placed.get(route).placements.filter((place) => place.gateway === gateway)) {
          for (const host of hosts) {
            const name = gateway === 'mesh' ? `${namespace}/${meshName(namespace, servicePort, host)}` : hostName(gateway, host);
            const part = parts.get(name) ?? { host, servicePort, serviceNamespace, namespace, routes: [] };
            parts.set(name, part);
            if (!part.routes.includes(route)) part.routes.push(route);
          }
        }
      }
      return parts;
    },
    { equals: isDeepStrictEqual },
  );
  /** Key: gateway, a space, a name in its plan. */
  const httpVirtualService = graph.query(
    'gatewayApiVirtualService',
    (key: string): VirtualService | undefined => {
      const [gateway = '', name = ''] = key.split(' ');
      const part = plan.get(gateway).get(name);
      if (part === undefined) return undefined;
      const side = gateway === 'mesh' ? 'mesh' : 'gateway';
      const contributions = part.routes.flatMap((route) => {
        const row = rowOf(route);
        const routes: readonly HTTPRoute[] = http.get(`${side} ${route}`).routes;
        return row === undefined ? [] : [{ row, rules: routes }];
      });
      if (gateway !== 'mesh') return listenerVirtualService(gateway, part.host, contributions);
      const service = { host: part.host, port: part.servicePort, namespace: part.serviceNamespace };
      return meshVirtualService(part.namespace, service, contributions);
    },
    { equals: isDeepStrictEqual },
  );
  /** Key: the route. */
  const streamVirtualService = graph.query(
    'gatewayApiStreams',
    (route: string): readonly VirtualService[] => {
      const row = rowOf(route) as StreamRouteRow | undefined;
      if (row === undefined) return [];
      const targets = placed.get(route).placements.map(({ hosts, ...target }): StreamTarget => ({ ...target, serviceHosts: hosts }));
      const none: StreamRules = { rules: [], findings: [] };
      const of = (side: 'mesh' | 'gateway'): StreamRules =>
        targets.some(({ gateway }) => (gateway === 'mesh') === (side === 'mesh')) ? stream.get(`${side} ${route}`) : none;
      return streamVirtualServices(row, { mesh: of('mesh'), gateway: of('gateway') }, targets);
    },
    { equals: isDeepStrictEqual },
  );

  /** A plain byte stream tells nothing to choose by: the first rule of the oldest route has it. */
  const unreached = (row: RouteRow, route: string, placements: readonly Placement[]): readonly Finding[] => {
    const streams = placements.filter(({ isStream }) => isStream);
    const found = new Set<string>();
    for (const { gateway } of streams) {
      const rivals = routesOf(STREAM_KINDS, gateway).filter(
        (other) => other !== route && placed.get(other).placements.some((at) => at.gateway === gateway),
      );
      const older = rivals.flatMap((other) => rowOf(other) ?? []).find((other) => byAge(other, row) < 0);
      if (older !== undefined) found.add(`${older.kind} ${keyOf(older)} is older and has listener ${ownerOf(gateway)?.listener}`);
    }
    const rules = row.spec.rules?.length ?? 0;
    return [
      ...[...found].map((message): Finding => ({ code: 'conflicted', message, field: 'spec.parentRefs' })),
      ...(streams.length > 0 && rules > 1
        ? [{ code: 'unsupported', message: 'only the first rule can be reached', field: 'spec.rules[1]' } as const]
        : []),
    ];
  };

  const routesAttached = (internalGateway: string): readonly string[] =>
    routesOf(ROUTE_KINDS, internalGateway).filter((route) => placed.get(route).placements.some(({ gateway }) => gateway === internalGateway));

  const virtualServicesOf = (gateway: string): readonly VirtualService[] => [
    ...[...plan.get(gateway).keys()].flatMap((name) => httpVirtualService.get(`${gateway} ${name}`) ?? []),
    ...routesOf(STREAM_KINDS, gateway).flatMap((route) => streamVirtualService.get(route).filter(({ spec }) => spec.gateways?.includes(gateway))),
  ];

  return {
    virtualServicesOf,
    virtualService(key) {
      const origin = originOf(key);
      if (origin === undefined) return undefined;
      if (origin.from === 'stream') return streamVirtualService.get(`${origin.kind} ${origin.route}`).find((row) => keyOf(row) === key);
      if (origin.from === 'mesh') return httpVirtualService.get(`mesh ${key}`);
      const found = httpVirtualService.get(`${origin.internalGateway} ${key.slice(key.indexOf('/') + 1)}`);
      // The namespace is that of the oldest route and may have changed.
      return found !== undefined && keyOf(found) === key ? found : undefined;
    },
    findings(kind, key) {
      const route = `${kind} ${key}`;
      const row = rowOf(route);
      if (row === undefined) return [];
      const { placements, findings } = placed.get(route);
      const rules = kind === 'HTTPRoute' || kind === 'GRPCRoute' ? http : stream;
      const sides = [...new Set(placements.map(({ gateway }) => (gateway === 'mesh' ? 'mesh' : 'gateway')))];
      const ofRules = sides.flatMap((side) => rules.get(`${side} ${route}`).findings);
      return [...findings, ...ofRules, ...unreached(row, route, placements)].map((finding) => findingAt(row, finding));
    },
    outcome(kind, key) {
      const route = `${kind} ${key}`;
      const { parents } = placed.get(route);
      const rules = kind === 'HTTPRoute' || kind === 'GRPCRoute' ? http : stream;
      const of = (side: 'mesh' | 'gateway'): RulesOutcome | undefined =>
        parents.some(({ isMesh }) => isMesh === (side === 'mesh')) ? rules.get(`${side} ${route}`) : undefined;
      const [mesh, gateway] = [of('mesh'), of('gateway')];
      return { parents, ...(mesh && { mesh }), ...(gateway && { gateway }) };
    },
    attached: (internalGateway) => routesAttached(internalGateway).length,
  };
}

/** One VirtualService in a plan. */
interface Part {
  readonly host: string;
  readonly servicePort: number;
  readonly serviceNamespace: string;
  readonly namespace: string;
  /** Contributing routes. */
  readonly routes: readonly string[];
}
