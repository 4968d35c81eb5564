/**
 * The difference between two resource sets: chunks by reference first, then resources by reference, then by version and body.
 * Shared per pair of sets together with its encoded bodies, so that all streams that make the same step share one computation. Held weakly:
 * a response holds it until it is answered, and most proxies are alone with their first step, which would else stay as long as their set.
 */
import { chunkBody, entryOf, joinSmall } from './encoding.js';
import type { XdsVariant } from './observer.js';
import type { EncodedResource, ResourceSet } from './provider.js';

/** What must be told to a client that has one set so that it has another. */
export interface Diff {
  /** New resources, and such with another version, in the new set's order. */
  readonly changed: readonly EncodedResource[];
  /** Names of `changed` that the old set had already. */
  readonly updated: ReadonlySet<string>;
  /** Resources of the old set whose names the new one lacks. */
  readonly removed: readonly EncodedResource[];
  readonly isEmpty: boolean;
  /** The encoded `changed` entries, shared. */
  bodies(variant: XdsVariant): readonly Uint8Array[];
}

const diffs = new WeakMap<ResourceSet, WeakMap<ResourceSet, WeakRef<Diff>>>();

/** The difference of this pair, shared by whoever asks while somebody holds it. */
export function diff(before: ResourceSet, after: ResourceSet): Diff {
  let byAfter = diffs.get(before);
  if (byAfter === undefined) diffs.set(before, (byAfter = new WeakMap()));
  let found = byAfter.get(after)?.deref();
  if (found === undefined) byAfter.set(after, new WeakRef((found = compare(before, after))));
  return found;
}

const none: Diff = { changed: [], updated: new Set(), removed: [], isEmpty: true, bodies: () => [] };

type Chunk = readonly EncodedResource[];

function compare(before: ResourceSet, after: ResourceSet): Diff {
  if (before === after) return none;
  const kept = new Set<Chunk>(before.chunks);
  const fresh = after.chunks.filter((chunk) => !kept.has(chunk));
  const still = new Set<Chunk>(after.chunks);
  const gone = new Map<string, EncodedResource>();
  for (const chunk of before.chunks) if (!still.has(chunk)) for (const resource of chunk) gone.set(resource.name, resource);

  const updated = new Set<string>();
  // Per chunk: the chunk itself when all of it changed (its kept body serves), else the resources that did.
  const parts: Chunk[] = [];
  for (const chunk of fresh) {
    const changed = chunk.filter((resource) => {
      const old = gone.get(resource.name);
      if (old === undefined) return true;
      gone.delete(resource.name);
      if (old === resource || sameContent(old, resource)) return false;
      updated.add(resource.name);
      return true;
    });
    if (changed.length === chunk.length) parts.push(chunk);
    else if (changed.length > 0) parts.push(changed);
  }
  const removed = [...gone.values()];
  const wholes = new Set<Chunk>(fresh);
  return new Difference(parts, wholes, updated, removed);
}

/** What a client says that it has comes without a body: then the version has to do. */
const sameContent = (old: EncodedResource, now: EncodedResource): boolean =>
  old.version === now.version && (old.body.length === 0 || Buffer.compare(old.body, now.body) === 0);

class Difference implements Diff {
  readonly changed: readonly EncodedResource[];
  readonly isEmpty: boolean;
  #bodies: { [variant in XdsVariant]?: readonly Uint8Array[] } = {};

  constructor(
    private readonly parts: readonly Chunk[],
    private readonly wholes: ReadonlySet<Chunk>,
    readonly updated: ReadonlySet<string>,
    readonly removed: readonly EncodedResource[],
  ) {
    this.changed = parts.length === 1 && parts[0] !== undefined ? parts[0] : parts.flat();
    this.isEmpty = this.changed.length === 0 && removed.length === 0;
  }

  bodies(variant: XdsVariant): readonly Uint8Array[] {
    let bodies = this.#bodies[variant];
    if (bodies === undefined) {
      // A part of a chunk is encoded for this difference alone; a whole chunk's body is shared with every other one.
      bodies = joinSmall(this.parts.flatMap((part) => (this.wholes.has(part) ? chunkBody(variant, part) : part.flatMap((r) => entryOf(variant, r)))));
      this.#bodies[variant] = bodies;
    }
    return bodies;
  }
}
