/**
 * Which resources of a push wait at the {@link ClusterGate}, and what the client is brought to meanwhile: everything new but those, which stay as they
 * were. Virtual hosts that come one by one share their domains: one that waits keeps those that give a domain to it, or take one from it, waiting as well,
 * else a domain would be nobody's for a moment, or two hosts' (which Envoy refuses).
 */
import type { ClusterGate } from './cluster-gate.js';
import { groupOf } from './groups.js';
import type { EncodedResource, ResourceSet } from './provider.js';
import type { Diff } from './resource-diff.js';
import { diff } from './resource-diff.js';
import { indexOf, overlay, type ResourceIndex } from './resource-set.js';
import { domainsOf } from './virtual-host-domains.js';

/** What waits. */
export interface HeldBack {
  readonly names: ReadonlySet<string>;
  /** Since when the clusters that they wait for have been unready: of the longest wait. */
  readonly since: number;
}

/** A push without what waits. */
export interface Passing {
  readonly target: ResourceSet;
  readonly held: HeldBack | undefined;
}

/** How the resources of a type hang together. */
export interface Grouping {
  /** Groups that the client may not have yet: their resources wait for them. */
  readonly missing: (group: string) => number | undefined;
}

/** What may pass on the way from `sent` to `target`. `hosts` is given for virtual hosts. */
export function passing(sent: ResourceSet, target: ResourceSet, gate: ClusterGate, hosts?: Grouping): Passing {
  if (gate.since === undefined && hosts === undefined) return { target, held: undefined };
  const step = diff(sent, target);
  const held = new Map<string, number>();
  for (const resource of step.changed) {
    const since = hosts?.missing(groupOf(resource.name)) ?? gate.waits(resource);
    if (since !== undefined) held.set(resource.name, since);
  }
  if (held.size === 0) return { target, held: undefined };
  const had = indexOf(sent);
  if (hosts !== undefined) spread(step, had, held);
  const before = [...held.keys()].flatMap((name) => had.get(name) ?? []);
  const rest = {
    chunks: target.chunks.map((chunk) => (chunk.some(({ name }) => held.has(name)) ? chunk.filter(({ name }) => !held.has(name)) : chunk)),
  };
  return { target: overlay(rest, before), held: { names: new Set(held.keys()), since: Math.min(...held.values()) } };
}

/** Holds back whatever shares a domain with what is held back, and so on. */
function spread(step: Diff, had: ResourceIndex, held: Map<string, number>): void {
  /** Domain, within its group, to since when it is held. */
  const domains = new Map<string, number>();
  const touched = (name: string, now: EncodedResource | undefined): string[] =>
    [had.get(name), now].flatMap((resource) => (resource === undefined ? [] : domainsOf(resource).map((domain) => `${groupOf(name)}/${domain}`)));
  const all = [...step.changed.map((r) => ({ name: r.name, now: r })), ...step.removed.map(({ name }) => ({ name, now: undefined }))];
  const open = new Map(all.map(({ name, now }) => [name, touched(name, now)]));
  const take = (name: string, since: number): void => {
    held.set(name, since);
    for (const domain of open.get(name) ?? []) domains.set(domain, since);
    open.delete(name);
  };
  for (const [name, since] of held) take(name, since);
  for (let before = -1; before !== held.size; ) {
    before = held.size;
    for (const [name, own] of open) {
      const since = own.map((domain) => domains.get(domain)).find((at) => at !== undefined);
      if (since !== undefined) take(name, since);
    }
  }
}
