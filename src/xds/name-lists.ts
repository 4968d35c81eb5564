/**
 * The lists of resource names that clients send. A SotW client repeats all of its names with every ACK (a thousand load assignments are
 * 50 kB), and clients with the same view send the same list: so a list that was read lately is recognised by its bytes, and everybody who
 * sends it shares one array and one set.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { GrpcStatus, Refusal } from './grpc-status.js';

/** Tag of field 3: `resource_names` of DiscoveryRequest, `resource_names_subscribe` of DeltaDiscoveryRequest. */
const TAG = (3 << 3) | 2;
/** Shorter lists are not worth it. */
const WORTH_BYTES = 512;
/** Lists remembered, and their bytes altogether. */
const MAX_LISTS = 64;
const MAX_BYTES = 4 << 20;

interface Known {
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
}

/** Most recently seen first. */
const recent: Known[] = [];
let held = 0;

/** A request without its names, and the names; the whole request and undefined when there is nothing to share. */
export interface CutRequest {
  readonly rest: Uint8Array;
  readonly names: readonly string[] | undefined;
}

/** Takes the names out of an encoded request. Throws what the decoder throws for bytes that are no message. */
export function cutNames(bytes: Uint8Array): CutRequest {
  const uncut: CutRequest = { rest: bytes, names: undefined };
  if (bytes.length < WORTH_BYTES) return uncut;
  const reader = new BinaryReader(bytes);
  let start = 0;
  for (; reader.pos < reader.len; start = reader.pos) {
    const tag = reader.uint32();
    if (tag === TAG) break;
    if (tag === 0 || (tag & 7) === 4) return uncut;
    reader.skip(tag & 7);
  }
  if (start >= bytes.length) return uncut;
  const known = recognise(bytes, start);
  if (known !== undefined) return { rest: without(bytes, start, start + known.bytes.length), names: known.names };
  const end = endOfRun(bytes, start);
  if (end - start < WORTH_BYTES) return uncut;
  // A copy: the request's buffer is used again, and `slice` of a Buffer is only a view.
  return { rest: without(bytes, start, end), names: remember(new Uint8Array(bytes.subarray(start, end))).names };
}

/** Fields that name resources: to subscribe, to unsubscribe, and with their versions (delta); a SotW request's type URL has the second one's number. */
const NAMING: ReadonlySet<number> = new Set([TAG, (4 << 3) | 2, (5 << 3) | 2]);

/** Whether an encoded request names more than `limit` resources; told without decoding it, and free for requests that are too short for it. */
export function namesMoreThan(bytes: Uint8Array, limit: number): boolean {
  // A name is two bytes at least.
  if (bytes.length <= 2 * limit) return false;
  const reader = new BinaryReader(bytes);
  let count = 0;
  while (reader.pos < reader.len && count <= limit) {
    const tag = reader.uint32();
    if (NAMING.has(tag)) count += 1;
    reader.skip(tag & 7);
  }
  return count > limit;
}

/** Bytes of a name, of a name with its version, of a type URL: `outbound|PORT|SUBSET|HOST` has some hundred at most. What is named is kept. */
const MAX_NAME = 2048;

/** Throws a {@link Refusal} for an encoded request with a longer name in it; free for requests that are shorter than that themselves. */
export function requireShortNames(bytes: Uint8Array): void {
  if (bytes.length <= MAX_NAME) return;
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const start = reader.pos;
    reader.skip(tag & 7);
    if (NAMING.has(tag) && reader.pos - start > MAX_NAME) {
      throw new Refusal(GrpcStatus.RESOURCE_EXHAUSTED, `a name of ${reader.pos - start} bytes is over the limit of ${MAX_NAME}`, 'names');
    }
  }
}

function recognise(bytes: Uint8Array, start: number): Known | undefined {
  for (let i = 0; i < recent.length; i++) {
    const known = recent[i] as Known;
    const end = start + known.bytes.length;
    // Another tag must follow, else the list goes on.
    if (end > bytes.length || bytes[end] === TAG || Buffer.compare(known.bytes, bytes.subarray(start, end)) !== 0) continue;
    if (i > 0) recent.unshift(...recent.splice(i, 1));
    return known;
  }
  return undefined;
}

function remember(bytes: Uint8Array): Known {
  const names: string[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    reader.uint32();
    names.push(reader.string());
  }
  requireShortNames(bytes);
  const known = { bytes, names };
  if (bytes.length > MAX_BYTES) return known;
  recent.unshift(known);
  held += bytes.length;
  while (recent.length > MAX_LISTS || held > MAX_BYTES) held -= recent.pop()?.bytes.length ?? 0;
  return known;
}

/** Where the run of names that begins at `start` ends. A second run after other fields is left to the decoder, which appends. */
function endOfRun(bytes: Uint8Array, start: number): number {
  const reader = new BinaryReader(bytes);
  reader.pos = start;
  while (bytes[reader.pos] === TAG) {
    reader.uint32();
    reader.skip(2);
  }
  return reader.pos;
}

function without(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
const sortedLists = new WeakMap<ReadonlySet<string>, readonly string[]>();

/** The set of a list's names: one per list. */
export function setOf(list: readonly string[]): ReadonlySet<string> {
  let set = sets.get(list);
  if (set === undefined) {
    sets.set(list, (set = new Set(list)));
    sortedLists.set(set, [...set].sort());
  }
  return set;
}

/** The names in order: one list per set that {@link setOf} made, a new one for any other, which may change. */
export const sortedOf = (names: ReadonlySet<string>): readonly string[] => sortedLists.get(names) ?? [...names].sort();
