/**
 * loadBalancer → lb_policy and its options (DR-008, DR-009, DR-010, DR-016), and the cluster's half of locality load balancing
 * (DR-011..DR-015); the other half is in the load assignment. https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers
 */
import { Cluster_DiscoveryType, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { ConsistentHashLB, LoadBalancerSettings } from '../../api/istio.js';
import type { LocalityBalancing } from '../endpoint/locality-settings.js';
import { duration } from '../proto.js';
import type { ClusterDraft, ClusterPartial } from './draft.js';

/** Istio's documented default for the deprecated form without a ring. */
const DEFAULT_RING_SIZE = 1024;

/** Applies policy and options. A cluster that is (or becomes) ORIGINAL_DST has no choice left. */
export function applyLoadBalancer(draft: ClusterDraft, settings: LoadBalancerSettings | undefined, locality: LocalityBalancing | undefined): void {
  const { cluster } = draft;
  if (draft.discovery === undefined) return;
  // Endpoints that are not ready are sent too; in panic Envoy would use them.
  cluster.commonLbConfig = { healthyPanicThreshold: { value: 0 }, ...cluster.commonLbConfig };
  applyLocality(draft, locality);
  if (draft.discovery === Cluster_DiscoveryType.ORIGINAL_DST) return;
  switch (settings?.simple) {
    case 'RANDOM':
      cluster.lbPolicy = Cluster_LbPolicy.RANDOM;
      break;
    case 'ROUND_ROBIN':
      cluster.lbPolicy = Cluster_LbPolicy.ROUND_ROBIN;
      setConfig(cluster, 'roundRobinLbConfig', slowStart(settings));
      break;
    case 'PASSTHROUGH':
      draft.discovery = Cluster_DiscoveryType.ORIGINAL_DST;
      break;
    default:
      cluster.lbPolicy = Cluster_LbPolicy.LEAST_REQUEST;
      setConfig(cluster, 'leastRequestLbConfig', slowStart(settings));
  }
  if (settings?.consistentHash !== undefined) applyConsistentHash(cluster, settings.consistentHash);
}

type SlowStart = NonNullable<ReturnType<typeof slowStart>>;

function setConfig(cluster: ClusterPartial, kind: 'roundRobinLbConfig' | 'leastRequestLbConfig', slowStartConfig: SlowStart | undefined): void {
  if (slowStartConfig !== undefined) cluster.lbConfig = { $case: kind, value: { slowStartConfig } };
}

/** The runtime key is never set by anybody; Envoy demands one, and this is the text that the reference sends. */
function slowStart(settings: LoadBalancerSettings | undefined) {
  if (settings?.warmup !== undefined) {
    const { warmup } = settings;
    return {
      slowStartWindow: duration(warmup.duration),
      aggression: { defaultValue: warmup.aggression ?? 1, runtimeKey: '(' },
      minWeightPercent: { value: warmup.minimumPercent ?? 10 },
    };
  }
  return settings?.warmupDurationSecs === undefined ? undefined : { slowStartWindow: duration(settings.warmupDurationSecs) };
}

function applyConsistentHash(cluster: ClusterPartial, hash: ConsistentHashLB): void {
  if (hash.maglev !== undefined) {
    cluster.lbPolicy = Cluster_LbPolicy.MAGLEV;
    if (hash.maglev.tableSize) cluster.lbConfig = { $case: 'maglevLbConfig', value: { tableSize: BigInt(hash.maglev.tableSize) } };
    return;
  }
  cluster.lbPolicy = Cluster_LbPolicy.RING_HASH;
  const size = hash.ringHash === undefined ? hash.minimumRingSize || DEFAULT_RING_SIZE : hash.ringHash.minimumRingSize;
  if (size) cluster.lbConfig = { $case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(size) } };
}

/** Locality weights count only when somebody set them; otherwise they would distort the policy above. */
function applyLocality({ cluster }: ClusterDraft, balancing: LocalityBalancing | undefined): void {
  if (balancing === undefined) return;
  if (balancing.kind === 'zoneAware') {
    const { minClusterSize } = balancing.setting;
    cluster.commonLbConfig = {
      ...cluster.commonLbConfig,
      localityConfigSpecifier: {
        $case: 'zoneAwareLbConfig',
        value: {
          ...(balancing.enabled ? {} : { routingEnabled: { value: 0 } }),
          ...(minClusterSize === undefined ? {} : { minClusterSize: BigInt(minClusterSize) }),
        },
      },
    };
    return;
  }
  const { setting, force } = balancing;
  const failsOver = force || cluster.outlierDetection !== undefined;
  const weighted =
    (failsOver && ((setting.failover?.length ?? 0) > 0 || (setting.failoverPriority?.length ?? 0) > 0)) || (setting.distribute?.length ?? 0) > 0;
  if (weighted) cluster.commonLbConfig = { ...cluster.commonLbConfig, localityConfigSpecifier: { $case: 'localityWeightedLbConfig', value: {} } };
}
