/** Rows of all APIs beside Istio's own, as one. */
import type { Graph } from '../graph/graph.js';
import type { DerivedRows } from './derived-rows.js';
import { defineGatewayApi } from './gateway-api/define-gateway-api.js';
import { isDerivedKey } from './gateway-api/names.js';
import { defineIngress } from './ingress/define-ingress.js';
import type { Mesh } from './mesh.js';
import type { ModelSettings } from './services.js';

export function defineDerivedRows(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'services'> & { readonly settings: Pick<ModelSettings, 'domain'> },
): DerivedRows {
  const gatewayApi = defineGatewayApi(graph, mesh);
  const ingress = defineIngress(graph, mesh);
  const by = (key: string): DerivedRows => (isDerivedKey(key) ? gatewayApi : ingress);
  return {
    gateway: (key) => by(key).gateway(key),
    gatewaysFor: (router) => [...gatewayApi.gatewaysFor(router), ...ingress.gatewaysFor(router)],
    virtualService: (key) => by(key).virtualService(key),
    virtualServicesOf: (gateway) => [...gatewayApi.virtualServicesOf(gateway), ...ingress.virtualServicesOf(gateway)],
    destinationRule: (key) => by(key).destinationRule(key),
    destinationRulesIn: (namespace) => gatewayApi.destinationRulesIn(namespace),
    findings: () => [...gatewayApi.findings(), ...ingress.findings()],
  };
}
