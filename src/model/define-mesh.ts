/**
 * Builds the model over a graph. A fresh graph can get one at any time: previews, `translate` and the property tests do.
 */
import type { EffectiveMeshConfig } from '../api/mesh-config.js';
import type { Graph } from '../graph/graph.js';
import { defineAuthorizationPolicies } from './authorization-policies.js';
import { defineDerivedRows } from './define-derived-rows.js';
import { defineDestinationRules } from './destination-rules.js';
import { defineEndpoints } from './endpoints.js';
import { defineEnvoyFilters } from './envoy-filters.js';
import { defineGateways } from './gateways.js';
import type { Mesh } from './mesh.js';
import { effectiveMeshConfig } from './mesh-config.js';
import { definePeerAuthentications } from './peer-authentications.js';
import { defineProxies } from './proxies.js';
import { defineRequestAuthentications } from './request-authentications.js';
import { defineRows } from './rows.js';
import { defineServices, type ModelSettings } from './services.js';
import { defineSidecarScopes } from './sidecar-scope.js';
import { defineTelemetries } from './telemetry.js';
import { defineTrafficExtensions } from './traffic-extensions.js';
import { defineVirtualServices } from './virtual-services.js';

/** Settings of a control plane for one cluster. */
export const DEFAULT_SETTINGS: ModelSettings = { domain: 'cluster.local', clusterId: 'Kubernetes' };

export function defineMesh(graph: Graph, settings: ModelSettings = DEFAULT_SETTINGS): Mesh {
  const rows = defineRows(graph);
  const effective = graph.query('meshConfig', (): EffectiveMeshConfig => {
    const [row] = rows.of('MeshConfig').list().values();
    return effectiveMeshConfig(row?.spec);
  });
  const config = (): EffectiveMeshConfig => effective.get('');
  const base = { graph, rows, config, settings };
  const services = defineServices(graph, base, settings);
  const derived = defineDerivedRows(graph, { ...base, services });
  const endpoints = defineEndpoints(graph, { ...base, services }, settings);
  const virtualServices = defineVirtualServices(graph, { ...base, derived });
  const sidecarScopes = defineSidecarScopes(graph, { ...base, services, virtualServices });
  const envoyFilters = defineEnvoyFilters(graph, base);
  const proxies = defineProxies(graph, { ...base, services, endpoints, derived, envoyFilters });
  const destinationRules = defineDestinationRules(graph, { ...base, derived });
  const gateways = defineGateways(graph, { ...base, derived });
  const peerAuthentications = definePeerAuthentications(graph, base);
  const requestAuthentications = defineRequestAuthentications(graph, base);
  const authorizationPolicies = defineAuthorizationPolicies(graph, base);
  const telemetries = defineTelemetries(graph, base);
  const trafficExtensions = defineTrafficExtensions(graph, base);
  return {
    graph,
    rows,
    config,
    derived,
    services,
    endpoints,
    proxies,
    sidecarScopes,
    virtualServices,
    destinationRules,
    gateways,
    peerAuthentications,
    requestAuthentications,
    authorizationPolicies,
    telemetries,
    trafficExtensions,
    envoyFilters,
  };
}
