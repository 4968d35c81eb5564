/**
 * Priorities and weights of localities as one client sees them (DR-011..DR-015, SD-027). Pure arithmetic on groups.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
 */
import type { LocalityLoadBalancerSetting } from '../../api/istio.js';
import type { Locality } from '../../model/service.js';
import { type LocalityGroup, type Member, sumOfWeights } from './locality-group.js';
import { type LocalityBalancing, NETWORK_LABEL } from './locality-settings.js';

export interface Client {
  readonly locality: Locality;
  /** Labels that failoverPriority compares, topology labels included. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Applies whichever of distribute, failoverPriority and failover hold. `canFailOver`: outlier detection is set. */
export function balanceLocalities(
  groups: readonly LocalityGroup[],
  balancing: LocalityBalancing | undefined,
  client: Client,
  canFailOver: boolean,
): readonly LocalityGroup[] {
  if (balancing === undefined) return groups;
  if (balancing.kind === 'zoneAware') {
    if (!balancing.enabled) return groups;
    const { failoverPriority = [], failover = [] } = balancing.setting;
    return byRegion(failoverPriority.length > 0 ? byLabels(groups, failoverPriority, client) : groups, failover, client.locality);
  }
  const { setting, force } = balancing;
  if ((setting.distribute?.length ?? 0) > 0) return distribute(groups, setting.distribute ?? [], client.locality);
  // Without outlier detection Envoy would never leave the first priority.
  if (!canFailOver && !force) return groups;
  const failover = setting.failover ?? [];
  if ((setting.failoverPriority?.length ?? 0) === 0) return byDistance(groups, failover, client.locality);
  const prioritised = byLabels(groups, setting.failoverPriority ?? [], client);
  return failover.length > 0 ? byDistance(prioritised, failover, client.locality) : prioritised;
}

/** Matches `region/zone/subzone`; `*` or a missing part matches everything below the region. */
export function localityMatches(locality: Locality, pattern: string): boolean {
  const [region = '', zone = '', subzone = ''] = pattern.split('/');
  const fits = (have: string, want: string) => want === '*' || want === '' || have === want;
  return (region === '*' || locality.region === region) && fits(locality.zone, zone) && fits(locality.subzone, subzone);
}

/** The first entry for the client's locality decides; localities it does not name keep their place but lose their endpoints. */
function distribute(
  groups: readonly LocalityGroup[],
  rules: NonNullable<LocalityLoadBalancerSetting['distribute']>,
  locality: Locality,
): readonly LocalityGroup[] {
  const rule = rules.find(({ from }) => localityMatches(locality, from ?? ''));
  if (rule === undefined) return groups;
  const weights = new Map<LocalityGroup, number>();
  for (const [pattern, percent] of Object.entries(rule.to ?? {})) {
    const matched = groups.filter((group) => !weights.has(group) && localityMatches(group.locality, pattern));
    // One without endpoints counts as one.
    const total = matched.reduce((sum, { weight }) => sum + (weight || 1), 0);
    for (const group of matched) weights.set(group, Math.ceil(((group.weight || 1) * percent) / total) || group.weight);
  }
  return groups.map((group) => (weights.has(group) ? { ...group, weight: weights.get(group) as number } : { ...group, members: [] }));
}

/** 0 same place, 1 same zone, 2 same region, 3 elsewhere, 4 elsewhere though another region is named for failover. */
function byDistance(
  groups: readonly LocalityGroup[],
  failover: NonNullable<LocalityLoadBalancerSetting['failover']>,
  client: Locality,
): readonly LocalityGroup[] {
  const named = failover.find(({ from }) => from === client.region);
  return compact(
    groups.map((group) => {
      const { region, zone, subzone } = group.locality;
      const distance =
        region !== client.region
          ? named !== undefined && named.to !== region
            ? 4
            : 3
          : zone !== client.zone
            ? 2
            : subzone !== client.subzone
              ? 1
              : 0;
      return { ...group, priority: group.priority * 5 + distance };
    }),
  );
}

/** Zone-aware routing works inside one priority: the whole region shares one. */
function byRegion(
  groups: readonly LocalityGroup[],
  failover: readonly { readonly from?: string; readonly to?: string }[],
  client: Locality,
): readonly LocalityGroup[] {
  const named = failover.find(({ from }) => from === client.region);
  return compact(
    groups.map((group) => {
      const { region } = group.locality;
      return { ...group, priority: group.priority * 3 + (region === client.region ? 0 : named?.to === region ? 1 : 2) };
    }),
  );
}

/** The further down the list the first label that differs, the better. One locality may end up in several priorities. */
function byLabels(groups: readonly LocalityGroup[], priorityLabels: readonly string[], { labels }: Client): readonly LocalityGroup[] {
  const wanted = priorityLabels.map((entry) => {
    const parts = entry.split('=');
    const name = parts[0] as string;
    return { name, value: parts.length === 2 ? (parts[1] as string) : (labels[name] ?? '') };
  });
  const priorityOf = (member: Member): number => {
    // A leading network label adds a whole turn instead of ending the comparison: behind a gateway the rest still counts.
    let turn = 0;
    for (const [i, { name, value }] of wanted.entries()) {
      if ((member.labels[name] ?? '') === value) continue;
      if (i === 0 && name === NETWORK_LABEL) turn = wanted.length;
      else return turn + wanted.length - i;
    }
    return turn;
  };
  return compact(
    groups.flatMap((group) => {
      const split = new Map<number, Member[]>();
      for (const member of group.members) {
        const priority = priorityOf(member);
        split.set(priority, [...(split.get(priority) ?? []), member]);
      }
      return [...split.keys()]
        .sort((a, b) => a - b)
        .map((priority) => {
          const members = split.get(priority) as Member[];
          return { ...group, members, priority, weight: sumOfWeights(members) };
        });
    }),
  );
}

/** Priorities must count up from 0 without gaps. */
function compact(groups: readonly LocalityGroup[]): readonly LocalityGroup[] {
  const ranks = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  return groups.map((group) => ({ ...group, priority: ranks.indexOf(group.priority) }));
}
