/**
 * The services that gateways need clusters of, when they are not to have those of the whole mesh (GW-033): where VirtualServices of their Gateways
 * lead, what extension providers name, and what EnvoyFilters say that they refer to (EF-019). Copies PILOT_FILTER_GATEWAY_CLUSTER_CONFIG.
 */
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import { annotationList } from './kubernetes-service.js';
import type { Mesh } from './mesh.js';
import { type OutboundScope, scopeOf } from './scope.js';
import type { Service } from './service.js';

const REFERENCED = 'envoyfilter.istio.io/referenced-services';

export interface GatewayServices {
  /** Whether a gateway has the clusters of a service. */
  needs(scope: OutboundScope, service: Service): boolean;
}

export function defineGatewayServices(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'gateways' | 'virtualServices'>,
  isFiltered: boolean,
): GatewayServices {
  const byNamespace = mesh.rows
    .of('EnvoyFilter')
    .index('referencing', ({ metadata }) => (REFERENCED in metadata.annotations ? [metadata.namespace] : []));

  /** Key: outbound scope of a router. Such a gateway leads to whatever an SNI names. */
  const passesAllThrough = graph.query('gatewayPassesAllThrough', (scopeId: string): boolean =>
    mesh.gateways
      .listeners(scopeOf<OutboundScope>(scopeId))
      .some(({ servers }) => servers.some(({ server }) => server.tls?.mode === 'AUTO_PASSTHROUGH')),
  );
  /** Key: outbound scope of a router. Hosts, or `namespace/host` for one of several. */
  const referenced = graph.query(
    'gatewayServices',
    (scopeId: string): readonly string[] => {
      const scope = scopeOf<OutboundScope>(scopeId);
      const routed = scope.gateways.flatMap((gateway) =>
        mesh.virtualServices.bound(scope.namespace, gateway).flatMap((row) => [...mesh.virtualServices.destinations(row)]),
      );
      const { extensionProviders, rootNamespace } = mesh.config();
      const provided = extensionProviders.flatMap((provider) =>
        Object.values(provider).flatMap((settings) => {
          const service = (settings as { service?: unknown } | null)?.service;
          return typeof service === 'string' ? [service] : [];
        }),
      );
      const filters = [...new Set([rootNamespace, scope.namespace])].flatMap((namespace) => [...byNamespace.get(namespace).values()]);
      const named = filters.flatMap(({ metadata }) => annotationList(metadata.annotations[REFERENCED]) ?? []);
      return [...new Set([...routed, ...provided, ...named])].sort();
    },
    { equals: sameElements },
  );

  return {
    needs(scope, { hostname, namespace }) {
      if (!isFiltered || scope.type !== 'router' || passesAllThrough.get(scope.id)) return true;
      const hosts = referenced.get(scope.id);
      return hosts.includes(hostname) || hosts.includes(`${namespace}/${hostname}`);
    },
  };
}
