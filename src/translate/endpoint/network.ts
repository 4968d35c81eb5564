/**
 * Split-horizon endpoints: workloads on another network are reached through that network's gateways (features section CL).
 * https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
 */
import { isIPv6 } from 'node:net';
import type { NetworkGateway } from '../../model/network-gateways.js';
import { hasBothFamilies, hasOnlyIpv6, type IpMode } from '../../model/proxy.js';
import { buildAddress } from './address.js';
import { type LocalityGroup, type Member, sumOfWeights } from './locality-group.js';
import { CLUSTER_LABEL, NETWORK_LABEL } from './locality-settings.js';

export interface NetworkView {
  /** Network of the client, '' when unknown. */
  readonly network: string;
  readonly ipMode: IpMode;
  /** All gateways of the mesh; empty: one flat network. */
  readonly gateways: readonly NetworkGateway[];
}

/** Replaces remote endpoints by their gateways. Weights are scaled so that they divide evenly among any number of gateways. */
export function throughGateways(groups: readonly LocalityGroup[], view: NetworkView): LocalityGroup[] {
  if (view.gateways.length === 0) return groups.map(withAddresses);
  const scale = scaleFactor(view.gateways);
  return groups.map((group) => {
    const members: Member[] = [];
    const remote = new Map<NetworkGateway, number>();
    for (const member of group.members) {
      const weight = member.weight * scale;
      const gateways = gatewaysOf(member, view.gateways);
      const isLocal = member.network === '' || view.network === member.network || (view.network === '' && gateways.length === 0);
      if (isLocal || gateways.length === 0) {
        if (member.hasAddress) members.push({ ...member, weight, message: { ...member.message, loadBalancingWeight: weight } });
        continue;
      }
      const reachable = gateways.filter(({ address }) => hasBothFamilies(view.ipMode) || isIPv6(address) === hasOnlyIpv6(view.ipMode));
      // The gateway routes by the SNI of mutual TLS: plain endpoints cannot be reached through it.
      if (!member.mutualTls) continue;
      for (const gateway of reachable) remote.set(gateway, (remote.get(gateway) ?? 0) + Math.floor(weight / reachable.length));
    }
    const ordered = [...remote].sort(([a], [b]) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port));
    members.push(...ordered.map(([gateway, weight]) => gatewayMember(gateway, weight)));
    return { ...group, members, weight: sumOfWeights(members) };
  });
}

/** Without a gateway nothing leads to the others. */
function withAddresses(group: LocalityGroup): LocalityGroup {
  if (group.members.every(({ hasAddress }) => hasAddress)) return group;
  const members = group.members.filter(({ hasAddress }) => hasAddress);
  return { ...group, members, weight: sumOfWeights(members) };
}

/** Gateways of the endpoint's own cluster, else of its network. */
function gatewaysOf(member: Member, gateways: readonly NetworkGateway[]): readonly NetworkGateway[] {
  const ofNetwork = gateways.filter(({ network }) => network === member.network);
  const ofCluster = ofNetwork.filter(({ clusterId }) => clusterId === member.clusterId);
  return ofCluster.length > 0 ? ofCluster : ofNetwork;
}

function gatewayMember({ network, clusterId, address, port }: NetworkGateway, weight: number): Member {
  return {
    hasAddress: true,
    labels: { [NETWORK_LABEL]: network, ...(clusterId === '' ? {} : { [CLUSTER_LABEL]: clusterId }) },
    network,
    clusterId,
    mutualTls: true,
    weight,
    message: {
      hostIdentifier: { $case: 'endpoint', value: { address: buildAddress(address, port) } },
      loadBalancingWeight: weight,
      metadata: { filterMetadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' }, istio: { workload: `;;;;${clusterId}` } } },
    },
  };
}

/** Least common multiple of the gateway counts per network and per network and cluster. */
function scaleFactor(gateways: readonly NetworkGateway[]): number {
  const counts = new Map<string, number>();
  for (const { network, clusterId } of gateways) for (const key of [network, `${network}~${clusterId}`]) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts.values()].reduce(leastCommonMultiple, 1);
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a * b) / x;
}
