/**
 * Patches of clusters (EF-013): merged or removed in the patches' order. Which cluster is which can be told from its name.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-ClusterMatch
 */
import { clone } from '@bufbuild/protobuf';
import { parseOutboundName } from '../../model/names.js';
import { envoyType } from './envoy-types.js';
import { mergeInto, mergeTypedConfig } from './merge.js';
import { type ClusterMessage, type Named, TRANSPORT_SOCKET } from './messages.js';
import { type Applied, type ClusterMatch, isMerge, listsOf, type Patch, type Patches } from './patch.js';

/** The patches that are about this cluster. `hosts`: of the services behind an inbound cluster. */
export function patchesOfCluster(name: string, patches: Patches, hosts: () => readonly string[]): readonly Patch[] {
  return patches.of('CLUSTER').filter((patch) => (patch.operation === 'REMOVE' || isMerge(patch)) && isAbout(name, patch.match.cluster, hosts));
}

function isAbout(name: string, match: ClusterMatch | undefined, hosts: () => readonly string[]): boolean {
  if (match === undefined) return true;
  const { subset = '', service = '', portNumber = 0 } = match;
  if ((match.name ?? '') !== '') return match.name === name;
  const outbound = parseOutboundName(name);
  const inboundPort = name.startsWith('inbound|') ? Number(name.split('|')[1]) : undefined;
  if (subset !== '' && subset !== outbound?.subset) return false;
  if (service !== '' && !(inboundPort === undefined ? [outbound?.hostname] : hosts()).includes(service)) return false;
  return portNumber === 0 || portNumber === (outbound?.port ?? inboundPort);
}

/** Applies patches that {@link patchesOfCluster} gave; undefined when the cluster is removed. Changes `cluster` in place. */
export function patchCluster(cluster: ClusterMessage, patches: readonly Patch[], applied: Applied): ClusterMessage | undefined {
  for (const patch of patches) {
    if (patch.operation === 'REMOVE') {
      applied.add(patch.id);
      return undefined;
    }
    if (mergeCluster(cluster, patch)) applied.add(patch.id);
  }
  return cluster;
}

/**
 * A patch with a transport socket is about that alone: it goes into the first socket of its name, and never beside transport_socket_matches,
 * which Envoy would refuse.
 */
function mergeCluster(cluster: ClusterMessage, patch: Patch): boolean {
  const change = patch.value as ClusterMessage;
  const wanted = change.transportSocket;
  if (wanted === undefined) {
    mergeInto(patch.type, cluster, change, listsOf(patch));
    return true;
  }
  if (cluster.transportSocketMatches.length > 0) {
    const socket = cluster.transportSocketMatches.find(({ transportSocket }) => transportSocket?.name === wanted.name)?.transportSocket;
    return socket !== undefined && mergeTypedConfig(socket, wanted);
  }
  if (cluster.transportSocket?.name === wanted.name) return mergeTypedConfig(cluster.transportSocket, wanted);
  cluster.transportSocket = clone(envoyType(TRANSPORT_SOCKET), wanted) as Named;
  return true;
}
