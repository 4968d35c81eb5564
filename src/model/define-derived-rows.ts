/** Rows of all APIs beside Istio's own, as one. */
import type { Ingress } from '../api/kubernetes.js';
import type { Graph } from '../graph/graph.js';
import type { DerivedRows } from './derived-rows.js';
import { defineGatewayApi, type GatewayApiOutcomes } from './gateway-api/define-gateway-api.js';
import { isDerivedKey } from './gateway-api/names.js';
import type { HostOwnership } from './host-ownership.js';
import { defineIngress } from './ingress/define-ingress.js';
import type { Mesh } from './mesh.js';
import type { ModelSettings } from './services.js';

/** All derived rows, and what became of the resources behind them. */
export interface DerivedApis extends DerivedRows {
  readonly gatewayApi: GatewayApiOutcomes;
  /** An Ingress is for our gateways (IG-001). */
  readonly servesIngress: (row: Ingress) => boolean;
}

export function defineDerivedRows(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'services'> & {
    readonly settings: Pick<ModelSettings, 'domain' | 'deploysGateways'>;
    readonly ownership: () => HostOwnership | undefined;
  },
): DerivedApis {
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
    listenerSetsOf: (gateway) => gatewayApi.listenerSetsOf(gateway),
    findings: () => [...gatewayApi.findings(), ...ingress.findings()],
    gatewayApi: gatewayApi.outcomes,
    servesIngress: ingress.isOurs,
  };
}
