/**
 * Gateways that select a router proxy, merged into listeners (features section 4 GW).
 */
import type { Graph } from '../graph/graph.js';
import type { Gateways, Mesh } from './mesh.js';

export function defineGateways(_graph: Graph, _mesh: Pick<Mesh, 'rows' | 'config' | 'services' | 'endpoints'>): Gateways {
  return { listeners: () => [] };
}
