/**
 * Make before break, the break: clusters and load assignments that are gone stay with the client until the routes to them are
 * gone there too, and some grace after (requests held in a filter keep the old route). See docs: removal rule 3 of the order
 * measured on real Envoys. An empty load assignment that stands in for one that is gone is such a removal too: routes to the
 * cluster may still wait for the ACK of the clusters that replace it. Held resources are put behind the new set, so that both variants go on as if they still existed.
 */
import type { EncodedResource, ResourceSet } from './provider.js';
import { type Diff, diff } from './resource-diff.js';
import { indexOf, overlay, union } from './resource-set.js';

interface Held {
  readonly resource: EncodedResource;
  readonly since: number;
  /** When it may go; undefined while routes may still refer to it. */
  until: number | undefined;
}

/** Removals held back for one type of one connection. */
export class RemovalHold {
  #held = new Map<string, Held>();

  constructor(
    private readonly graceMs: number,
    /** False when only stand-ins are held back. */
    private readonly holdsRemoved = true,
  ) {}

  /** True while anything is held. */
  get isActive(): boolean {
    return this.#held.size > 0;
  }

  /** Since when the oldest that still waits for the routes has been held. */
  waitingSince(): number | undefined {
    let since: number | undefined;
    for (const held of this.#held.values()) if (held.until === undefined && (since === undefined || held.since < since)) since = held.since;
    return since;
  }

  /** What to bring the client to: `target`, and what of `sent` it lacks and may not lose yet. */
  aim(sent: ResourceSet, target: ResourceSet, wanted: (name: string) => boolean, now: number): ResourceSet {
    const step = diff(sent, target);
    const removed = this.holdsRemoved ? step.removed : [];
    const replaced = replacedByStandIns(step, sent);
    if (removed.length === 0 && replaced.length === 0 && this.#held.size === 0) return target;
    const before = this.#held;
    this.#held = new Map();
    const kept = (resources: readonly EncodedResource[]): EncodedResource[] =>
      resources.filter((resource) => {
        const held = before.get(resource.name) ?? { resource, since: now, until: undefined };
        if (!wanted(resource.name) || (held.until !== undefined && held.until <= now)) return false;
        this.#held.set(resource.name, held);
        return true;
      });
    const keep = kept(removed);
    const aim = keep.length === 0 ? target : union(target, tail(target, removed, keep));
    return overlay(aim, kept(replaced));
  }

  /** The routes are settled: grace begins for all that waits. */
  settle(now: number): void {
    for (const held of this.#held.values()) held.until ??= now + this.graceMs;
  }

  /** When the first grace ends. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const { until } of this.#held.values()) if (until !== undefined && (next === undefined || until < next)) next = until;
    return next;
  }
}

/** What the client has in whose place a stand-in would come. */
function replacedByStandIns(step: Diff, sent: ResourceSet): EncodedResource[] {
  return step.changed.flatMap(({ name, isStandIn }) => {
    const old = isStandIn === true && step.updated.has(name) ? indexOf(sent).get(name) : undefined;
    return old === undefined || old.isStandIn === true ? [] : [old];
  });
}

const tails = new WeakMap<ResourceSet, { readonly removed: readonly EncodedResource[]; readonly set: ResourceSet }>();

/** One set for all connections that hold back everything of the same step. */
function tail(target: ResourceSet, removed: readonly EncodedResource[], keep: readonly EncodedResource[]): ResourceSet {
  if (keep.length !== removed.length) return { chunks: [keep] };
  const known = tails.get(target);
  if (known?.removed === removed) return known.set;
  const set = { chunks: [keep] };
  tails.set(target, { removed, set });
  return set;
}
