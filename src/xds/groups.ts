/**
 * Virtual hosts on their own (VHDS): one subscription without names holds those of all route configurations, and a host belongs to the one that
 * its name begins with, up to the last slash (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds). Envoy refuses
 * a response group by group and a bad host spoils its group's part, so each group gets a response of its own.
 */
import type { EncodedResource, ResourceSet } from './provider.js';
import { diff } from './resource-diff.js';
import { emptySet } from './resource-set.js';
import type { Draft } from './subscription.js';

/** The group that a resource's name puts it into; '' for none. */
export const groupOf = (name: string): string => name.slice(0, Math.max(name.lastIndexOf('/'), 0));

/** The resources of some groups. */
export function resourcesOf(groups: ReadonlySet<string>, set: ResourceSet): readonly EncodedResource[] {
  if (groups.size === 0) return [];
  return set.chunks.flatMap((chunk) => chunk.filter(({ name }) => groups.has(groupOf(name))));
}

/** A response as one per group; the client has what all of them say when it has accepted the last. */
export function byGroup(draft: Draft): readonly Draft[] {
  const resources = Map.groupBy([...draft.changes.changed, ...draft.extra], ({ name }) => groupOf(name));
  const removed = Map.groupBy(draft.removed, groupOf);
  const groups = new Set([...resources.keys(), ...removed.keys()]);
  if (groups.size < 2) return [draft];
  return [...groups].map((group) => {
    const own = resources.get(group) ?? [];
    const changes = diff(emptySet, { chunks: [own] });
    return { ...draft, bodies: changes.bodies('delta'), resources: own.length, removed: removed.get(group) ?? [], changes, extra: [] };
  });
}
