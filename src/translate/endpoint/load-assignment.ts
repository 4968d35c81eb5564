/**
 * The load assignment of one cluster as one client sees it (envoy-shapes §8): which endpoints, by locality, in which order.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/endpoint/v3/endpoint.proto
 */
import { isIP, isIPv6 } from 'node:net';
import type { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import type { TrafficPolicy } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { type Labels, selects } from '../../model/labels.js';
import type { Endpoint, Service } from '../../model/service.js';
import type { Partial } from '../proto.js';
import { healthOf, translateEndpoint } from './lb-endpoint.js';
import { groupByLocality, type LocalityGroup, sumOfWeights, toLocalityLbEndpoints } from './locality-group.js';
import { balanceLocalities, type Client } from './locality-priority.js';
import { forcesUnhealthyEndpoints, localityBalancing } from './locality-settings.js';
import { type NetworkView, throughGateways } from './network.js';

export interface LoadAssignmentInput {
  readonly service: Service;
  readonly endpoints: readonly Endpoint[];
  /** Of the subset, if any. */
  readonly subsetLabels: Labels | undefined;
  /** Of rule, port and subset, without mesh defaults. */
  readonly policy: TrafficPolicy | undefined;
  /** tls.mode of the rule; undefined when it says nothing. */
  readonly ruleTlsMode: string | undefined;
  /** False where the workload's PeerAuthentication disables mutual TLS. */
  readonly acceptsMutualTls: (endpoint: Endpoint) => boolean;
  readonly sniDnat: boolean;
  readonly client: Client;
  /** Only endpoints of this node (internalTrafficPolicy Local); undefined: all. */
  readonly onlyNode: string | undefined;
  /** Only endpoints of this cluster (MC-025); undefined: all. */
  readonly onlyCluster: string | undefined;
  /** Only endpoints of these networks, and those of none (CL-010); undefined: all. */
  readonly networkView?: readonly string[];
  readonly network: NetworkView;
  readonly mesh: EffectiveMeshConfig;
  /** The client reaches both families: a pod with both is one endpoint. */
  readonly bothFamilies?: boolean;
  /** Endpoints say who they are, fact by fact. */
  readonly metricFacts?: boolean;
}

/** The message that EDS serves. */
export function translateLoadAssignment(clusterName: string, input: LoadAssignmentInput): Partial<ClusterLoadAssignment> {
  const endpoints = input.endpoints.filter(({ address, port }) => port === 0 || address === '' || isIP(address) !== 0);
  return { clusterName, endpoints: toLocalityLbEndpoints(localitiesOf({ ...input, endpoints })) };
}

/** The endpoints by locality and priority; DNS clusters carry these themselves. */
export function localitiesOf(input: LoadAssignmentInput): readonly LocalityGroup[] {
  const { service, policy, mesh, client } = input;
  const usable = input.endpoints.filter((endpoint) => isUsable(endpoint, input));
  const members = usable.map((endpoint) => ({
    locality: endpoint.locality,
    member: translateEndpoint(endpoint, mutualTls(endpoint, input), input),
  }));
  let groups = throughGateways(groupByLocality(members), input.network);
  // TLS passes through unread, so only workloads that check certificates themselves may be reached this way.
  if (input.sniDnat) groups = onlyMutualTls(groups);
  const balancing = localityBalancing(mesh, policy?.loadBalancer, service);
  return balanceLocalities(groups, balancing, client, !!policy?.outlierDetection);
}

function isUsable(endpoint: Endpoint, input: LoadAssignmentInput): boolean {
  const { service, policy, subsetLabels } = input;
  if (subsetLabels !== undefined && !selects(subsetLabels, endpoint.labels)) return false;
  if (input.onlyNode !== undefined && endpoint.nodeName !== input.onlyNode) return false;
  if (input.onlyCluster !== undefined && endpoint.clusterId !== input.onlyCluster) return false;
  if (input.networkView !== undefined && endpoint.network !== '' && !input.networkView.includes(endpoint.network)) return false;
  if (endpoint.health === 'TERMINATING') return false;
  // The slice of the other family has it.
  if (input.bothFamilies === true && endpoint.addresses !== undefined && endpoint.source === 'EndpointSlice' && isIPv6(endpoint.address))
    return false;
  if (healthOf(endpoint) === 'DRAINING') return service.persistentSession;
  // A panic threshold above zero would send traffic to pods that are not ready.
  const hidesUnhealthy = (policy?.outlierDetection?.minHealthPercent ?? 0) > 0 && !forcesUnhealthyEndpoints(service);
  return endpoint.health !== 'UNHEALTHY' || !hidesUnhealthy;
}

/** The rule's word counts more than PeerAuthentication's. */
function mutualTls(endpoint: Endpoint, { ruleTlsMode, acceptsMutualTls }: LoadAssignmentInput): boolean {
  if (ruleTlsMode !== undefined) return ruleTlsMode === 'ISTIO_MUTUAL';
  return endpoint.tlsMode === 'istio' && acceptsMutualTls(endpoint);
}

/** A locality stays when it has none of them. */
const onlyMutualTls = (groups: readonly LocalityGroup[]): LocalityGroup[] =>
  groups.map((group) => {
    const members = group.members.filter((member) => member.mutualTls);
    return { ...group, members, weight: sumOfWeights(members) };
  });
