/**
 * What the protocol needs to know of a resource set, computed once per set (or chunk) and kept as long as the set lives,
 * so that a thousand streams with the same view pay for it once.
 */
import { hash } from 'node:crypto';
import type { EncodedResource, ResourceSet } from './provider.js';

/** The set with nothing in it: what a new client has. */
export const emptySet: ResourceSet = { chunks: [] };

type Chunk = readonly EncodedResource[];

const indexes = new WeakMap<ResourceSet, ResourceIndex>();
const chunkIndexes = new WeakMap<Chunk, ReadonlyMap<string, EncodedResource>>();
const versions = new WeakMap<ResourceSet, string>();
const chunkVersions = new WeakMap<Chunk, string>();

/**
 * Resources of a set by name. Looks into its chunks, because sets of a thousand names differ from proxy to proxy in one small chunk: a map of
 * each would be 30 kB a client.
 */
export class ResourceIndex {
  /** Later chunks first: of several resources with one name the last counts. */
  readonly #chunks: readonly ReadonlyMap<string, EncodedResource>[];
  #size: number | undefined;

  constructor(set: ResourceSet) {
    this.#chunks = set.chunks.map(indexOfChunk).reverse();
  }

  /** How many names there are. */
  get size(): number {
    const [first, ...others] = this.#chunks;
    return (this.#size ??= others.length === 0 ? (first?.size ?? 0) : new Set(this.#chunks.flatMap((chunk) => [...chunk.keys()])).size);
  }

  get(name: string): EncodedResource | undefined {
    for (const chunk of this.#chunks) {
      const found = chunk.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }
}

/** The kept index of a set. */
export function indexOf(set: ResourceSet): ResourceIndex {
  let index = indexes.get(set);
  if (index === undefined) indexes.set(set, (index = new ResourceIndex(set)));
  return index;
}

function indexOfChunk(chunk: Chunk): ReadonlyMap<string, EncodedResource> {
  let index = chunkIndexes.get(chunk);
  if (index === undefined) chunkIndexes.set(chunk, (index = new Map(chunk.map((resource) => [resource.name, resource]))));
  return index;
}

const digest = (text: string) => hash('sha1', text, 'base64url').slice(0, 11);

function versionOfChunk(chunk: Chunk): string {
  let version = chunkVersions.get(chunk);
  if (version === undefined) {
    let text = '';
    for (const resource of chunk) text += `${resource.name}\0${resource.version}\n`;
    version = digest(text);
    chunkVersions.set(chunk, version);
  }
  return version;
}

/** Hash over the names and versions of a set: its version_info. */
export function versionOf(set: ResourceSet): string {
  let version = versions.get(set);
  if (version === undefined) {
    version = digest(set.chunks.map(versionOfChunk).join('\n'));
    versions.set(set, version);
  }
  return version;
}

const merged = new WeakMap<ResourceSet, WeakMap<ResourceSet, ResourceSet>>();

/** `first`, and what of `second` it has not: one set per pair, shared. */
export function union(first: ResourceSet, second: ResourceSet): ResourceSet {
  if (second.chunks.length === 0) return first;
  let bySecond = merged.get(first);
  if (bySecond === undefined) merged.set(first, (bySecond = new WeakMap()));
  let both = bySecond.get(second);
  if (both === undefined) {
    const has = indexOf(first);
    const chunks = second.chunks.map((chunk) => (chunk.some((r) => has.has(r.name)) ? chunk.filter((r) => !has.has(r.name)) : chunk));
    both = { chunks: [...first.chunks, ...chunks.filter((chunk) => chunk.length > 0)] };
    bySecond.set(second, both);
  }
  return both;
}

/** `set` with some resources replaced or added. */
export function overlay(set: ResourceSet, resources: readonly EncodedResource[]): ResourceSet {
  if (resources.length === 0) return set;
  return union({ chunks: [resources] }, set);
}
