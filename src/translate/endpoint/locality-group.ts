/**
 * Endpoints of one cluster by locality, before priorities: the form on which locality balancing works (envoy-shapes §8).
 */
import type { LbEndpoint, LocalityLbEndpoints } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint_components.js';
import type { Endpoint, Locality } from '../../model/service.js';
import type { Partial } from '../proto.js';

/** One translated endpoint next to what it was made from. Balancing by label looks at the latter. */
export interface Member {
  /** False where only a gateway leads to it. */
  readonly hasAddress: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
  readonly clusterId: string;
  readonly mutualTls: boolean;
  readonly weight: number;
  readonly message: Partial<LbEndpoint>;
}

export interface LocalityGroup {
  readonly locality: Locality;
  readonly members: readonly Member[];
  readonly weight: number;
  readonly priority: number;
}

/** Weights are uint32. */
const MAX_WEIGHT = 0xffffffff;

export const sumOfWeights = (members: readonly Member[]): number =>
  Math.min(
    MAX_WEIGHT,
    members.reduce((sum, { weight }) => sum + weight, 0),
  );

/** `region/zone/subzone`, as far as known. */
export const localityName = ({ region, zone, subzone }: Locality): string =>
  subzone !== '' ? `${region}/${zone}/${subzone}` : zone !== '' ? `${region}/${zone}` : region;

/** One group per locality, sorted by its name; members keep their order. */
export function groupByLocality(endpoints: readonly { readonly locality: Endpoint['locality']; readonly member: Member }[]): LocalityGroup[] {
  const groups = new Map<string, { locality: Locality; members: Member[] }>();
  for (const { locality, member } of endpoints) {
    const name = localityName(locality);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { locality, members: [member] });
    else group.members.push(member);
  }
  return [...groups.keys()].sort().map((name) => {
    const { locality, members } = groups.get(name) as { locality: Locality; members: Member[] };
    return { locality, members, weight: sumOfWeights(members), priority: 0 };
  });
}

/** The groups as Envoy messages. */
export const toLocalityLbEndpoints = (groups: readonly LocalityGroup[]): Partial<LocalityLbEndpoints>[] =>
  groups.map(({ locality, members, weight, priority }) => ({
    locality: { region: locality.region, zone: locality.zone, subZone: locality.subzone },
    lbEndpoints: members.map(({ message }) => message),
    ...(members.length === 0 && weight === 0 ? {} : { loadBalancingWeight: weight }),
    priority,
  }));
