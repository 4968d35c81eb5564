/**
 * What a namespace says of the services in it: the annotation for traffic distribution (SD-027), and how far its ServiceEntries may be seen
 * (SD-046, MeshConfig serviceEntryVisibility). https://istio.io/latest/docs/reference/config/annotations/#NetworkingTrafficDistribution
 */
import { isDeepStrictEqual } from 'node:util';
import type { MeshConfig } from '../api/mesh-config.js';
import type { Graph, Query } from '../graph/graph.js';
import { namespaceLabels, selectsLabels } from './gateway-api/label-selector.js';
import type { Mesh } from './mesh.js';
import type { Visibility } from './service.js';

export const TRAFFIC_DISTRIBUTION = 'networking.istio.io/traffic-distribution';

/** How far ServiceEntries may be seen at most: as they say, in their own namespace, or not at all. */
export type EntryVisibility = 'PUBLIC' | 'NAMESPACE' | 'NONE';

export interface NamespaceDefaults {
  /** The annotation as written, '' without. */
  readonly trafficDistribution: string;
  readonly entryVisibility: EntryVisibility;
}

/** Key: a namespace, with or without a row of its own. */
export function defineNamespaceDefaults(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): Query<string, NamespaceDefaults> {
  const namespaces = mesh.rows.of('Namespace');
  return graph.query(
    'namespaceDefaults',
    (namespace: string): NamespaceDefaults => {
      const metadata = namespaces.get(`/${namespace}`)?.metadata;
      return {
        trafficDistribution: metadata?.annotations[TRAFFIC_DISTRIBUTION] ?? '',
        entryVisibility: entryVisibility(mesh.config().serviceEntryVisibility, namespaceLabels(namespace, metadata?.labels ?? {})),
      };
    },
    { equals: isDeepStrictEqual },
  );
}

/** The first policy whose rules all hold decides; a rule of a kind that we don't know never does. Sidecars heed it only when told to. */
export function entryVisibility(settings: MeshConfig['serviceEntryVisibility'], labels: Readonly<Record<string, string>>): EntryVisibility {
  if (settings?.applyToSidecars !== true) return 'PUBLIC';
  const policy = settings.policies?.find(({ matchingRules = [] }) =>
    matchingRules.every(({ namespaceSelector }) => namespaceSelector !== undefined && selectsLabels(namespaceSelector, labels)),
  );
  const chosen = policy === undefined ? settings.defaultVisibility : policy.visibility;
  return chosen === 'NAMESPACE' || chosen === 'NONE' ? chosen : 'PUBLIC';
}

/** The narrower of what an entry says and what its namespace may. */
export function limitVisibility(own: Visibility, namespace: string, limit: EntryVisibility): Visibility {
  if (limit === 'PUBLIC' || own.to === 'none') return own;
  const reachesHome = own.to === 'all' || own.namespaces.has(namespace);
  return limit === 'NAMESPACE' && reachesHome ? { to: 'namespaces', namespaces: new Set([namespace]) } : { to: 'none' };
}
