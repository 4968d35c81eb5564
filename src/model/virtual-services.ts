/**
 * VirtualServices as the rest of the model sees them: names resolved, delegates merged, ordered by who may see them
 * (VS-001, VS-003, VS-004, VS-006, VS-035, MC-013).
 */
import { isDeepStrictEqual } from 'node:util';
import type { HTTPRoute, VirtualService, VirtualServiceSpec } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import { isDerivedKey } from './gateway-api/names.js';
import { type Claim, claimsAtGateway, virtualServiceClaims } from './host-claims.js';
import type { HostOwnership } from './host-ownership.js';
import type { Mesh, VirtualServices } from './mesh.js';
import type { ModelSettings } from './services.js';
import { mergeDelegate } from './virtual-service-delegates.js';
import { destinationPorts } from './virtual-service-destinations.js';
import { boundGateways, MESH_GATEWAY, resolveNames } from './virtual-service-names.js';
import { isVisibleTo, parseVisibility } from './visibility.js';

export function defineVirtualServices(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'derived'> & {
    readonly settings: Pick<ModelSettings, 'domain'>;
    readonly ownership: () => HostOwnership | undefined;
  },
): VirtualServices {
  const rows = mesh.rows.of('VirtualService');
  /** Gateways are known from the row alone; the bucket of a gateway changes only with its own VirtualServices. */
  const byGateway = rows.index('gateway', (row) =>
    isRoot(row) ? boundGateways(resolveNames(row.spec, row.metadata.namespace, mesh.settings.domain)) : [],
  );

  const defaultExportTo = graph.query('virtualServiceExportTo', (): readonly string[] => mesh.config().defaultVirtualServiceExportTo, {
    equals: isDeepStrictEqual,
  });
  const visibilityOf = (row: VirtualService) => parseVisibility(row.spec.exportTo, row.metadata.namespace, defaultExportTo.get(''));

  const delegatedRoutes = (root: VirtualService, http: HTTPRoute): readonly HTTPRoute[] => {
    const { delegate, ...own } = http;
    if (delegate === undefined) return [own];
    const namespace = delegate.namespace || root.metadata.namespace;
    const row = rows.get(`${namespace}/${delegate.name}`);
    // Only one level: what has hosts is no delegate.
    if (row === undefined || isRoot(row) || !isVisibleTo(visibilityOf(row), root.metadata.namespace)) return [];
    return mergeDelegate(own, resolveNames(row.spec, namespace, mesh.settings.domain).http ?? []);
  };

  /** Key: `namespace/name`. Undefined for delegates, which are no VirtualServices of their own. */
  const resolved = graph.query('virtualService', (key: string): VirtualService | undefined => {
    const row = rows.get(key);
    // What other APIs stand for has no short names and no delegates.
    if (row === undefined) return mesh.derived.virtualService(key);
    if (!isRoot(row)) return undefined;
    const spec: VirtualServiceSpec = resolveNames(row.spec, row.metadata.namespace, mesh.settings.domain);
    if (spec.http?.some((http) => http.delegate !== undefined))
      return { ...row, spec: { ...spec, http: spec.http.flatMap((http) => delegatedRoutes(row, http)) } };
    return { ...row, spec };
  });

  /**
   * Key: `namespace/name|gateway`. Claims for which other namespaces' proxies pass the VirtualService over at this gateway. Gateways of its own
   * namespace are there only where they own their hosts, and whom a listener of Gateway API lets in its owner has said.
   */
  const refusedClaims = graph.query(
    'virtualServiceClaims',
    (key: string): readonly Claim[] => {
      const [name = '', gateway = ''] = key.split('|');
      const ownership = mesh.ownership();
      const row = resolved.get(name);
      if (ownership === undefined || row === undefined) return [];
      const { namespace } = row.metadata;
      if (gateway !== MESH_GATEWAY && (isDerivedKey(gateway) || gateway.startsWith(`${namespace}/`))) return [];
      const claims = virtualServiceClaims(row.spec, namespace, ownership);
      if (gateway === MESH_GATEWAY || claims.length === 0) return claims;
      return claimsAtGateway(claims, namespace, mesh.rows.of('Gateway').get(gateway) ?? mesh.derived.gateway(gateway));
    },
    { equals: isDeepStrictEqual },
  );
  const refused = (row: VirtualService, gateway: string): readonly Claim[] =>
    mesh.ownership() === undefined ? [] : refusedClaims.get(`${keyOf(row)}|${gateway}`);

  /** Key: the gateway. Oldest first. */
  const ofGateway = graph.query(
    'virtualServicesOfGateway',
    (gateway: string): readonly VirtualService[] => [...byGateway.get(gateway).values(), ...mesh.derived.virtualServicesOf(gateway)].sort(byAge),
    {
      equals: sameElements,
    },
  );

  /** Key: `namespace|gateway`. */
  const bound = graph.query(
    'virtualServicesBound',
    (key: string): readonly VirtualService[] => {
      const bar = key.indexOf('|');
      const namespace = key.slice(0, bar);
      const gateway = key.slice(bar + 1);
      const groups: Record<'own' | 'exported' | 'everybody', VirtualService[]> = { own: [], exported: [], everybody: [] };
      for (const row of ofGateway.get(gateway)) {
        const visibility = visibilityOf(row);
        if (!isVisibleTo(visibility, namespace)) continue;
        if (row.metadata.namespace !== namespace && refused(row, gateway).length > 0) continue;
        const group = visibility.to === 'all' ? 'everybody' : row.metadata.namespace === namespace ? 'own' : 'exported';
        const found = resolved.get(keyOf(row));
        if (found !== undefined) groups[group].push(found);
      }
      // A client's own namespace speaks before others in Gateway API: https://gateway-api.sigs.k8s.io/mesh/#how-it-works
      const isOwn = (row: VirtualService): boolean => row.metadata.namespace === namespace && isDerivedKey(row.metadata.name);
      const everybody = [...groups.everybody.filter(isOwn), ...groups.everybody.filter((row) => !isOwn(row))];
      return [...groups.own, ...groups.exported, ...everybody];
    },
    { equals: sameElements },
  );

  const destinations = graph.query(
    'virtualServiceDestinations',
    (key: string): ReadonlySet<string> => new Set(destinationPorts(unmatched(resolved.get(key)?.spec ?? {}), '').keys()),
    {
      equals: isDeepStrictEqual,
    },
  );

  return {
    get: (key) => resolved.get(key),
    bound: (namespace, gateway) => bound.get(`${namespace}|${gateway}`),
    refused,
    destinations: (virtualService) => destinations.get(keyOf(virtualService)),
  };
}

const isRoot = (row: VirtualService): boolean => (row.spec.hosts?.length ?? 0) > 0;

/** Without matches, so that destinations of every client count. */
const unmatched = (spec: VirtualServiceSpec): VirtualServiceSpec => {
  const strip = <R extends object>(routes: R[] | undefined): R[] | undefined => routes?.map((route) => ({ ...route, match: undefined }));
  return { ...spec, http: strip(spec.http), tls: strip(spec.tls), tcp: strip(spec.tcp) } as VirtualServiceSpec;
};
