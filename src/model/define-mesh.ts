/**
 * Builds the model over a graph. A fresh graph can get one at any time: previews, `translate` and the property tests do.
 */
import type { EffectiveMeshConfig } from '../api/mesh-config.js';
import type { Graph } from '../graph/graph.js';
import { defineAuthorizationPolicies } from './authorization-policies.js';
import { defineClusters } from './clusters.js';
import { defineDerivedRows } from './define-derived-rows.js';
import { defineDestinationRules } from './destination-rules.js';
import { defineEndpoints } from './endpoints.js';
import { defineEnvoyFilters } from './envoy-filters.js';
import { defineGatewayServices } from './gateway-services.js';
import { defineGateways } from './gateways.js';
import { defineHostOwnership, defineHostRefusals } from './host-refusals.js';
import { defineKnownProxies } from './known-proxies.js';
import type { Mesh } from './mesh.js';
import { effectiveMeshConfig } from './mesh-config.js';
import { defineNetworkGateways } from './network-gateways.js';
import { definePeerAuthentications } from './peer-authentications.js';
import { defineProxies } from './proxies.js';
import { defineProxyConfigs } from './proxy-config.js';
import { defineRemoteKeys } from './remote-keys.js';
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
  const rows = defineRows(graph, settings.watchedNamespaces);
  const effective = graph.query('meshConfig', (): EffectiveMeshConfig => {
    const [row] = rows.of('MeshConfig').list().values();
    return effectiveMeshConfig(row?.spec);
  });
  const config = (): EffectiveMeshConfig => effective.get('');
  const ownership = defineHostOwnership(graph, { config, settings });
  const base = { graph, rows, config, settings, ownership };
  const services = defineServices(graph, base, settings);
  const derived = defineDerivedRows(graph, { ...base, services });
  const clusters = defineClusters(graph, base, settings);
  const networkGateways = defineNetworkGateways(graph, { rows, clusters }, settings);
  const endpoints = defineEndpoints(graph, { ...base, services, clusters });
  const virtualServices = defineVirtualServices(graph, { ...base, derived });
  const sidecarScopes = defineSidecarScopes(graph, { ...base, services, virtualServices });
  const knownProxy = defineKnownProxies(graph, { rows, clusters });
  const envoyFilters = defineEnvoyFilters(graph, { ...base, knownProxy });
  const proxyConfigs = defineProxyConfigs(graph, base);
  const proxies = defineProxies(graph, { ...base, clusters, services, endpoints, derived, envoyFilters, proxyConfigs, knownProxy });
  const destinationRules = defineDestinationRules(graph, { ...base, derived });
  const gateways = defineGateways(graph, { ...base, derived });
  const gatewayServices = defineGatewayServices(graph, { ...base, gateways, virtualServices }, settings.filterGatewayClusters === true);
  const peerAuthentications = definePeerAuthentications(graph, base);
  const requestAuthentications = defineRequestAuthentications(graph, base);
  const authorizationPolicies = defineAuthorizationPolicies(graph, base);
  const telemetries = defineTelemetries(graph, base);
  const trafficExtensions = defineTrafficExtensions(graph, base);
  return {
    graph,
    rows,
    config,
    reviewsSecretReaders: settings.reviewsSecretReaders === true,
    persistentSessions: settings.persistentSessions === true,
    quicListeners: settings.quicListeners === true,
    derived,
    clusters,
    networkGateways,
    services,
    endpoints,
    proxyConfigs,
    proxies,
    sidecarScopes,
    virtualServices,
    destinationRules,
    gateways,
    gatewayServices,
    peerAuthentications,
    requestAuthentications,
    remoteKeys: defineRemoteKeys(graph, { services }, settings.remoteJwks),
    authorizationPolicies,
    telemetries,
    trafficExtensions,
    envoyFilters,
    hostRefusals: defineHostRefusals(graph, { ...base, derived, virtualServices }),
  };
}
