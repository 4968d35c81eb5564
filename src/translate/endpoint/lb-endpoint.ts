/**
 * One workload as an Envoy endpoint: address, health, weight, and the metadata that TLS matching and telemetry read (SD-019, SD-022, SD-023).
 */
import { HealthStatus as EnvoyHealth } from '@envoyproxy/xds-protos/envoy/config/core/v3/health_check.js';
import type { Endpoint as EnvoyEndpoint } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint_components.js';
import type { Endpoint, HealthStatus } from '../../model/service.js';
import type { Partial } from '../proto.js';
import { endpointFacts } from '../stats-log/workload-facts.js';
import { buildAddress } from './address.js';
import type { Member } from './locality-group.js';

const HEALTH: Readonly<Record<HealthStatus, EnvoyHealth>> = {
  HEALTHY: EnvoyHealth.HEALTHY,
  UNHEALTHY: EnvoyHealth.UNHEALTHY,
  DRAINING: EnvoyHealth.DRAINING,
  TERMINATING: EnvoyHealth.DRAINING, // never sent
  UNKNOWN: EnvoyHealth.UNKNOWN,
};

/** Somebody wants no more requests to go to the workload (SD-059). */
const DRAINING_LABEL = 'istio.io/draining';

/** Health as Envoy is told. */
export const healthOf = ({ health, labels }: Pick<Endpoint, 'health' | 'labels'>): HealthStatus => (labels[DRAINING_LABEL] ? 'DRAINING' : health);

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

/** With more than one Envoy tries them in turn, the families alternating. */
function addressesOf({ address, addresses, port }: Endpoint, bothFamilies: boolean): Partial<EnvoyEndpoint> {
  const [first = address, ...others] = bothFamilies ? (addresses ?? []) : [];
  return {
    address: buildAddress(first, port),
    ...(others.length > 0 && { additionalAddresses: others.map((other) => ({ address: buildAddress(other, port) })) }),
  };
}

/** Translates an endpoint. `mutualTls`: rule and PeerAuthentication allow it; the workload itself must be able to. */
export function translateEndpoint(
  endpoint: Endpoint,
  mutualTls: boolean,
  { metricFacts = false, bothFamilies = false }: { readonly metricFacts?: boolean; readonly bothFamilies?: boolean } = {},
): Member {
  const weight = endpoint.weight || 1;
  const secured = mutualTls && endpoint.tlsMode === 'istio';
  return {
    hasAddress: endpoint.address !== '',
    labels: endpoint.labels,
    network: endpoint.network,
    clusterId: endpoint.clusterId,
    mutualTls: secured,
    weight,
    message: {
      hostIdentifier: { $case: 'endpoint', value: addressesOf(endpoint, bothFamilies) },
      healthStatus: HEALTH[healthOf(endpoint)],
      loadBalancingWeight: weight,
      metadata: {
        filterMetadata: {
          ...(secured ? { 'envoy.transport_socket_match': { tlsMode: 'istio' } } : {}),
          istio: { workload: workloadText(endpoint), ...(metricFacts ? endpointFacts(endpoint) : {}) },
        },
      },
    },
  };
}
