/**
 * What the protocol needs to know of a resource set, computed once per set (or chunk) and kept as long as the set lives,
 * so that a thousand streams with the same view pay for it once.
 */
import { hash } from 'node:crypto';
import type { EncodedResource, ResourceSet } from './provider.js';

/** The set with nothing in it: what a new client has. */
export const emptySet: ResourceSet = { chunks: [] };

type Chunk = readonly EncodedResource[];

const indexes = new WeakMap<ResourceSet, ReadonlyMap<string, EncodedResource>>();
const versions = new WeakMap<ResourceSet, string>();
const chunkVersions = new WeakMap<Chunk, string>();

/** Resources by name. */
export function indexOf(set: ResourceSet): ReadonlyMap<string, EncodedResource> {
  let index = indexes.get(set);
  if (index === undefined) {
    const byName = new Map<string, EncodedResource>();
    for (const chunk of set.chunks) for (const resource of chunk) byName.set(resource.name, resource);
    index = byName;
    indexes.set(set, index);
  }
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
