/**
 * Which locality settings hold for a service: the rule's, then its traffic distribution, then the mesh's (DR-011..DR-015, SD-027, MC-014).
 * https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
 */
import type { LoadBalancerSettings, LocalityLoadBalancerSetting } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { Service } from '../../model/service.js';

/** Newer than the API package. */
export interface ZoneAwareSetting {
  readonly enabled?: boolean;
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
  readonly failoverPriority?: readonly string[];
  readonly minClusterSize?: number;
}

/** `force`: fail over even without outlier detection. Undefined (at the user) means that locality plays no part. */
export type LocalityBalancing =
  | { readonly kind: 'locality'; readonly setting: LocalityLoadBalancerSetting; readonly force: boolean }
  | { readonly kind: 'zoneAware'; readonly setting: ZoneAwareSetting; readonly enabled: boolean };

export const NETWORK_LABEL = 'topology.istio.io/network';
export const REGION_LABEL = 'topology.kubernetes.io/region';
export const ZONE_LABEL = 'topology.kubernetes.io/zone';
export const SUBZONE_LABEL = 'topology.istio.io/subzone';
export const HOSTNAME_LABEL = 'kubernetes.io/hostname';
export const CLUSTER_LABEL = 'topology.istio.io/cluster';

const SAME_ZONE = [NETWORK_LABEL, REGION_LABEL, ZONE_LABEL];
const SAME_NODE = [...SAME_ZONE, SUBZONE_LABEL, HOSTNAME_LABEL];

const zoneAware = (setting: ZoneAwareSetting): LocalityBalancing => ({ kind: 'zoneAware', setting, enabled: setting.enabled !== false });

/** The first level that says anything decides, also when it says "off". */
export function localityBalancing(
  mesh: EffectiveMeshConfig,
  rule: LoadBalancerSettings | undefined,
  service: Pick<Service, 'trafficDistribution'>,
): LocalityBalancing | undefined {
  const ruleZones = (rule as { zoneAwareLbSetting?: ZoneAwareSetting } | undefined)?.zoneAwareLbSetting;
  if (ruleZones) return zoneAware(ruleZones);
  if (rule?.localityLbSetting) return locality(rule.localityLbSetting);
  const distribution = distributionLabels(service.trafficDistribution);
  if (distribution !== undefined) return { kind: 'locality', setting: { enabled: true, failoverPriority: distribution }, force: true };
  const meshZones = mesh['zoneAwareLbSetting'] as ZoneAwareSetting | undefined;
  if (meshZones) return zoneAware(meshZones);
  return locality(mesh.localityLbSetting);
}

/** True when endpoints must be shown with their health whatever the rule says: traffic spills over by health alone (SD-027). */
export const forcesUnhealthyEndpoints = (service: Pick<Service, 'trafficDistribution'>): boolean =>
  distributionLabels(service.trafficDistribution) !== undefined;

function locality(setting: LocalityLoadBalancerSetting): LocalityBalancing | undefined {
  return setting.enabled === false ? undefined : { kind: 'locality', setting, force: false };
}

function distributionLabels(distribution: string | undefined): string[] | undefined {
  switch (distribution?.toLowerCase()) {
    case 'preferclose':
    case 'prefersamezone':
      return SAME_ZONE;
    case 'prefersamenode':
      return SAME_NODE;
    default:
      return undefined;
  }
}
