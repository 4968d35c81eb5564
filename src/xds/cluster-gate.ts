/**
 * Make before break, the make: what sends traffic to a cluster waits until the client has accepted the cluster. A CDS ACK from Envoy means that the
 * clusters are warm, so routes that come after it never meet a cluster that is not there. What names no such cluster goes at once: an access rule must
 * not wait for an endpoint somewhere.
 *
 * A cluster is unready from the moment it is known to be new or changed until the client has accepted it, also through refusals; but not for ever: one
 * bad cluster must not freeze the routing of a proxy, so after the limit it no longer counts.
 */
import { type ClusterNames, namesOf, refersToAny } from './cluster-references.js';
import type { EncodedResource } from './provider.js';
import type { Diff } from './resource-diff.js';
import type { Sent } from './subscription.js';
import type { WatchedType } from './watched-type.js';

/** Clusters that are unready since a time; names undefined means that nobody knows which. */
interface Unready {
  readonly names: ClusterNames | undefined;
  readonly since: number;
}

/** The unready clusters of a stream, as of one moment. */
export class ClusterGate {
  constructor(private readonly unready: readonly Unready[]) {}

  /** Since when there is something to wait for; undefined when there is nothing. */
  get since(): number | undefined {
    return this.unready.length === 0 ? undefined : Math.min(...this.unready.map((one) => one.since));
  }

  /** Since when an unready cluster has been one that this resource names; undefined when it may go. */
  waits(resource: EncodedResource): number | undefined {
    return this.unready.find(({ names }) => names === undefined || mayReferTo(resource, names))?.since;
  }
}

const open = new ClusterGate([]);

/** A resource that can't be read waits. */
function mayReferTo(resource: EncodedResource, names: ClusterNames): boolean {
  try {
    return refersToAny(resource, names);
  } catch {
    return true;
  }
}

/** The gate of now. `clusters` is the stream's cluster type, if it has one; `ahead` reads what it will be sent next, undefined if that fails. */
export function gateOf<Request>(
  clusters: WatchedType<Request> | undefined,
  now: number,
  limitMs: number,
  ahead: (clusters: WatchedType<Request>) => Diff | undefined,
): ClusterGate {
  if (clusters === undefined) return open;
  const { inFlight, refused } = clusters.subscription;
  const unready: Unready[] = [...inFlight.flatMap(unreadyIn), ...refusedAt(refused)];
  if (clusters.failedAt !== undefined) unready.push({ names: undefined, since: clusters.failedAt });
  // Newer clusters wait behind an older response: routes of the same change must not overtake them.
  else if (clusters.isStale && inFlight.length > 0) {
    const next = ahead(clusters);
    if (next === undefined || next.changed.length > 0) unready.push({ names: next && namesIn(next), since: clusters.staleSince });
  }
  const counting = unready.filter(({ since }) => now - since < limitMs);
  return counting.length === 0 ? open : new ClusterGate(counting);
}

function unreadyIn({ draft, at }: Sent): Unready[] {
  const { changes, extra } = draft;
  return [
    ...(changes.changed.length > 0 ? [{ names: namesIn(changes), since: at }] : []),
    ...(extra.length > 0 ? [{ names: namesOf(extra), since: at }] : []),
  ];
}

const kept = new WeakMap<Diff, ClusterNames>();

/** The names in a difference: once for all streams that make the same step. */
function namesIn(step: Diff): ClusterNames {
  let names = kept.get(step);
  if (names === undefined) kept.set(step, (names = namesOf(step.changed)));
  return names;
}

const byTime = new WeakMap<ReadonlyMap<string, number>, readonly Unready[]>();

/** The refused clusters: once for each state. */
function refusedAt(refused: ReadonlyMap<string, number>): readonly Unready[] {
  if (refused.size === 0) return [];
  let times = byTime.get(refused);
  if (times === undefined) {
    const groups = Map.groupBy([...refused], ([, since]) => since);
    byTime.set(refused, (times = [...groups].map(([since, those]) => ({ since, names: namesOf(those.map(([name]) => ({ name }))) }))));
  }
  return times;
}
