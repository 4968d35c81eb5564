/**
 * Which clusters a listener, a route configuration or a virtual host sends traffic to, read from its bytes: there may be clusters in filters, access
 * logs, tracers and patches of users whose types nobody here knows. So the reader follows the wire format and takes every text for a possible name;
 * only what certainly names no cluster (domains, headers, matches) is passed over. It errs on one side: a name may be seen that is none, but none is missed.
 * Field numbers: envoy/config/route/v3/route.proto and route_components.proto, http_connection_manager.proto.
 */
import type { EncodedResource } from './provider.js';

/** Names of clusters, with the lengths that they have: nearly every text of a resource is ruled out by its length. */
export interface ClusterNames {
  readonly names: ReadonlySet<string>;
  readonly lengths: ReadonlySet<number>;
}

/** The names of some clusters. */
export function namesOf(clusters: readonly { readonly name: string }[]): ClusterNames {
  const names = new Set(clusters.map(({ name }) => name));
  return { names, lengths: new Set([...names].map((name) => Buffer.byteLength(name))) };
}

/**
 * What a message's fields are: a message known here; `skip`, which names no cluster; `unseen`, from which Envoy finds the cluster at run time;
 * `code`, which may have names anywhere in its texts. A field that is not listed is read by the wire format alone.
 */
type Shape = { readonly [field: number]: 'skip' | 'unseen' | 'code' | Shape };

const mirror: Shape = { 5: 'unseen' };
const clusterWeight: Shape = { 4: 'skip', 5: 'skip', 6: 'skip', 9: 'skip', 12: 'unseen' };
const routeAction: Shape = {
  2: 'unseen',
  3: { 1: clusterWeight },
  5: 'skip',
  6: 'skip',
  9: 'skip',
  13: 'skip',
  15: 'skip',
  17: 'skip',
  29: 'skip',
  30: mirror,
  32: 'skip',
  33: 'skip',
  35: 'skip',
  37: 'unseen',
  39: 'unseen',
};
const route: Shape = { 1: 'skip', 2: routeAction, 3: 'skip', 5: 'skip', 7: 'skip', 9: 'skip', 10: 'skip', 11: 'skip', 12: 'skip', 14: 'skip' };
const virtualHost: Shape = {
  1: 'skip',
  2: 'skip',
  3: route,
  5: 'skip',
  7: 'skip',
  8: 'skip',
  10: 'skip',
  11: 'skip',
  13: 'skip',
  16: 'skip',
  20: 'skip',
  21: 'unseen',
  22: mirror,
};
const routeConfiguration: Shape = { 1: 'skip', 2: virtualHost, 3: 'skip', 4: 'skip', 5: 'skip', 6: 'skip', 8: 'skip', 12: 'unseen', 13: mirror };
const anything: Shape = {};

/** The messages that come in an Any and are not read by the wire format alone. */
const inAny = new Map<string, 'code' | Shape>(
  Object.entries({
    'envoy.config.route.v3.RouteConfiguration': routeConfiguration,
    'envoy.config.route.v3.VirtualHost': virtualHost,
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': { 4: routeConfiguration, 31: 'unseen' } satisfies Shape,
    'envoy.extensions.filters.http.lua.v3.Lua': 'code',
    'envoy.extensions.filters.http.lua.v3.LuaPerRoute': 'code',
    'envoy.extensions.filters.http.wasm.v3.Wasm': 'code',
    'envoy.extensions.filters.network.wasm.v3.Wasm': 'code',
  } as const),
);
const URL_PREFIX = 'type.googleapis.com/';
const MAX_DEPTH = 100;

const known = new WeakMap<EncodedResource, WeakMap<ClusterNames, boolean>>();

/**
 * Whether a resource sends traffic to one of these clusters; true as well when that can't be seen. Kept per pair: the streams of one view ask the same.
 * Throws for bytes that are no message.
 */
export function refersToAny(resource: EncodedResource, clusters: ClusterNames): boolean {
  let answers = known.get(resource);
  if (answers === undefined) known.set(resource, (answers = new WeakMap()));
  let answer = answers.get(clusters);
  if (answer === undefined) answers.set(clusters, (answer = clusters.names.size > 0 && new Reading(resource.body, clusters).hit()));
  return answer;
}

class Reading {
  /** Where the varint that was read last ends. */
  #next = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly clusters: ClusterNames,
  ) {}

  hit(): boolean {
    const found = this.#message(0, this.bytes.length, anything, 0);
    if (found === undefined) throw new Error('the resource is not a protobuf message');
    return found;
  }

  /** True when a cluster was found, undefined when these bytes are no message. */
  #message(start: number, end: number, shape: Shape, depth: number): boolean | undefined {
    if (depth > MAX_DEPTH) return true;
    let packed: 'code' | Shape | undefined;
    for (let at = start; at < end; ) {
      const tag = this.#varint(at, end);
      if (tag < 8) return undefined;
      const field = Math.floor(tag / 8);
      const type = tag & 7;
      at = this.#next;
      if (type === 2) {
        const length = this.#varint(at, end);
        const from = this.#next;
        const to = from + length;
        if (length < 0 || to > end) return undefined;
        const how = (field === 2 ? packed : undefined) ?? shape[field] ?? anything;
        if (field === 1 && shape === anything) packed = this.#packedAs(from, to);
        if (this.#field(from, to, how, depth)) return true;
        at = to;
      } else if (type === 0) {
        if (this.#varint(at, end) < 0) return undefined;
        at = this.#next;
      } else if (type === 1 || type === 5) {
        at += type === 1 ? 8 : 4;
        if (at > end) return undefined;
      } else return undefined;
    }
    return false;
  }

  /** The varint at a place, -1 for none. Only the lower 53 bits count: tags and lengths are short. */
  #varint(at: number, end: number): number {
    let value = 0;
    for (let i = 0; i < 10 && at + i < end; i++) {
      const byte = this.bytes[at + i] as number;
      value += i < 4 ? (byte & 0x7f) << (7 * i) : (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        this.#next = at + i + 1;
        return value;
      }
    }
    return -1;
  }

  #field(from: number, to: number, how: 'skip' | 'unseen' | 'code' | Shape, depth: number): boolean {
    if (how === 'skip') return false;
    if (how === 'unseen') return true;
    if (how === 'code') {
      const text = this.#slice(from, to);
      for (const name of this.clusters.names) if (text.includes(name)) return true;
      return false;
    }
    if (how === anything && this.clusters.lengths.has(to - from) && this.clusters.names.has(this.#text(from, to))) return true;
    const found = to - from < 2 ? false : this.#message(from, to, how, depth + 1);
    // A message that is known here and can't be read: who knows.
    return found ?? how !== anything;
  }

  /** What the Any whose type URL these bytes are holds, if that matters. */
  #packedAs(from: number, to: number): 'code' | Shape | undefined {
    if (to - from <= URL_PREFIX.length || this.bytes[from] !== URL_PREFIX.charCodeAt(0)) return undefined;
    const url = this.#text(from, to);
    return url.startsWith(URL_PREFIX) ? inAny.get(url.slice(URL_PREFIX.length)) : undefined;
  }

  #text(from: number, to: number): string {
    return this.#slice(from, to).toString();
  }

  #slice(from: number, to: number): Buffer {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from);
  }
}
