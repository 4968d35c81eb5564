/**
 * The cluster of an SDS server that the user mounted into the proxy as a Unix socket: it serves credentials named `sds://…` (GW-017).
 * https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/
 */
import { Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { buildAddress } from '../endpoint/address.js';
import { duration } from '../proto.js';
import { EXTERNAL_CLUSTER } from '../tls/sds.js';
import { type ClusterPartial, draftCluster, finishCluster } from './draft.js';
import { useHttp2 } from './upstream-protocol.js';

/** Where the agent looks for the socket. */
const SOCKET = 'unix://./var/run/secrets/credential-uds/socket';

export function externalSdsCluster(mesh: EffectiveMeshConfig): ClusterPartial {
  const draft = draftCluster(EXTERNAL_CLUSTER, Cluster_DiscoveryType.STATIC);
  delete draft.cluster.commonLbConfig;
  draft.cluster.connectTimeout = duration(mesh.connectTimeout);
  const endpoint = { hostIdentifier: { $case: 'endpoint' as const, value: { address: buildAddress(SOCKET, 0) } } };
  draft.cluster.loadAssignment = { clusterName: EXTERNAL_CLUSTER, endpoints: [{ lbEndpoints: [endpoint] }] };
  useHttp2(draft);
  return finishCluster(draft);
}
