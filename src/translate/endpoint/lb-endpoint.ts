/**
 * One workload as an Envoy endpoint: address, health, weight, and the metadata that TLS matching and telemetry read (SD-019, SD-022, SD-023).
 */
import { HealthStatus as EnvoyHealth } from '@envoyproxy/xds-protos/envoy/config/core/v3/health_check.js';
import type { Endpoint, HealthStatus } from '../../model/service.js';
import { buildAddress } from './address.js';
import type { Member } from './locality-group.js';

const HEALTH: Readonly<Record<HealthStatus, EnvoyHealth>> = {
  HEALTHY: EnvoyHealth.HEALTHY,
  UNHEALTHY: EnvoyHealth.UNHEALTHY,
  DRAINING: EnvoyHealth.DRAINING,
  UNKNOWN: EnvoyHealth.UNKNOWN,
};

/** `workload;namespace;canonical name;canonical revision;cluster`. The default revision is not spelled out; of an address without a pod nothing is known. */
function workloadText({ workloadName, namespace, canonicalName, canonicalRevision, clusterId }: Endpoint): string {
  const isKnown = workloadName !== '' || canonicalName !== '';
  return [
    workloadName,
    isKnown ? namespace : '',
    canonicalName || workloadName,
    canonicalRevision === 'latest' ? '' : canonicalRevision,
    clusterId,
  ].join(';');
}

/** Translates an endpoint. `mutualTls`: rule and PeerAuthentication allow it; the workload itself must be able to. */
export function translateEndpoint(endpoint: Endpoint, mutualTls: boolean): Member {
  const weight = endpoint.weight || 1;
  const secured = mutualTls && endpoint.tlsMode === 'istio';
  return {
    labels: endpoint.labels,
    network: endpoint.network,
    clusterId: endpoint.clusterId,
    mutualTls: secured,
    weight,
    message: {
      hostIdentifier: { $case: 'endpoint', value: { address: buildAddress(endpoint.address, endpoint.port) } },
      healthStatus: HEALTH[endpoint.health],
      loadBalancingWeight: weight,
      metadata: {
        filterMetadata: {
          ...(secured ? { 'envoy.transport_socket_match': { tlsMode: 'istio' } } : {}),
          istio: { workload: workloadText(endpoint) },
        },
      },
    },
  };
}
