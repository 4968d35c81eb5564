/** AuthorizationPolicies by workload. https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
import type { Graph } from '../graph/graph.js';
import type { AuthorizationPolicies, Mesh } from './mesh.js';
import { defineWorkloadPolicies } from './workload-policies.js';

export const defineAuthorizationPolicies = (graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): AuthorizationPolicies =>
  defineWorkloadPolicies(graph, 'authorizationPolicies', mesh.rows.of('AuthorizationPolicy'), (own) => [mesh.config().rootNamespace, own]);
