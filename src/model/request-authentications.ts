/** RequestAuthentications by workload. https://istio.io/latest/docs/reference/config/security/request_authentication/ */
import type { Graph } from '../graph/graph.js';
import type { Mesh, RequestAuthentications } from './mesh.js';
import { defineWorkloadPolicies } from './workload-policies.js';

export const defineRequestAuthentications = (graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): RequestAuthentications =>
  defineWorkloadPolicies(graph, 'requestAuthentications', mesh.rows.of('RequestAuthentication'), (own) => [own, mesh.config().rootNamespace]);
