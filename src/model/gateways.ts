/**
 * Gateways that select a router proxy, merged into listeners (features section 4 GW).
 */
import type { Graph } from '../graph/graph.js';
import { type MergedGateways, mergeGateways } from './gateway-merge.js';
import type { Gateways, Mesh } from './mesh.js';
import { type OutboundScope, scopeOf } from './scope.js';

export function defineGateways(graph: Graph, mesh: Pick<Mesh, 'rows' | 'derived'>): Gateways {
  const rows = mesh.rows.of('Gateway');
  /** Key: outbound scope of a router. */
  const merged = graph.query('mergedGateways', (scopeId: string): MergedGateways => {
    const scope = scopeOf<OutboundScope>(scopeId);
    return mergeGateways(
      scope.gateways.flatMap((key) => rows.get(key) ?? mesh.derived.gateway(key) ?? []),
      scope,
    );
  });
  return {
    listeners: (scope) => merged.get(scope.id).listeners,
    rejected: (scope) => merged.get(scope.id).rejected,
  };
}
