/**
 * Discovery responses assembled from bytes that exist already. Protobuf lets the fields of a message come in any order and
 * repeated ones in several runs, so a response is a small header of its own followed by bodies that all streams share.
 * Field numbers: envoy/service/discovery/v3/discovery.proto.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { XdsVariant } from './observer.js';
import type { EncodedResource } from './provider.js';

/** Buffers below this size are joined, so that a response is some dozens of writes and not thousands. */
const JOIN_BELOW = 16 << 10;

/** Tag of a length-delimited field. */
const tag = (field: number) => (field << 3) | 2;

/** The fields of a response beside its resources. */
export interface ResponseHeader {
  readonly version: string;
  readonly typeUrl: string;
  readonly nonce: string;
  /** Identifier of this control plane; empty leaves the field out. */
  readonly controlPlane: string;
  /** Delta only. */
  readonly removed?: Iterable<string>;
}

/** DiscoveryResponse and DeltaDiscoveryResponse differ in where control plane and removed names sit. */
export function encodeHeader(variant: XdsVariant, header: ResponseHeader): Uint8Array {
  return shortHeader(header) ?? longHeader(variant, header);
}

/** What nearly every response has, in one go: short texts of plain ASCII. */
function shortHeader({ version, typeUrl, nonce, controlPlane, removed }: ResponseHeader): Uint8Array | undefined {
  if (controlPlane !== '' || version === '' || version.length > 127 || typeUrl.length > 127 || nonce.length > 127) return undefined;
  for (const _ of removed ?? []) return undefined;
  const text = `\n${String.fromCharCode(version.length)}${version}"${String.fromCharCode(typeUrl.length)}${typeUrl}*${String.fromCharCode(nonce.length)}${nonce}`;
  return isAscii(typeUrl) ? Buffer.from(text, 'latin1') : undefined;
}

/** Type URLs come from the client; there are few. */
const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

function longHeader(variant: XdsVariant, header: ResponseHeader): Uint8Array {
  const writer = new BinaryWriter();
  if (header.version !== '') writer.uint32(tag(1)).string(header.version);
  writer.uint32(tag(4)).string(header.typeUrl);
  writer.uint32(tag(5)).string(header.nonce);
  if (variant === 'delta') for (const name of header.removed ?? []) writer.uint32(tag(6)).string(name);
  if (header.controlPlane !== '') {
    writer.uint32(tag(variant === 'delta' ? 7 : 6));
    writer.fork().uint32(tag(1)).string(header.controlPlane).join();
  }
  return writer.finish();
}

const entries = { sotw: new WeakMap<EncodedResource, Uint8Array>(), delta: new WeakMap<EncodedResource, Uint8Array>() };
const chunkBodies = { sotw: new WeakMap<readonly EncodedResource[], Uint8Array>(), delta: new WeakMap<readonly EncodedResource[], Uint8Array>() };

/** One element of `resources` with its tag: the Any itself, or for delta the Resource that wraps it. */
function encodeEntry(variant: XdsVariant, resource: EncodedResource): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(tag(2));
  if (variant === 'sotw') return writer.bytes(resource.body).finish();
  writer.fork().uint32(tag(1)).string(resource.version).uint32(tag(2)).bytes(resource.body).uint32(tag(3)).string(resource.name).join();
  return writer.finish();
}

/** The entry of one resource, kept: for resources that are sent alone. */
export function entryOf(variant: XdsVariant, resource: EncodedResource): Uint8Array {
  let entry = entries[variant].get(resource);
  if (entry === undefined) {
    entry = encodeEntry(variant, resource);
    entries[variant].set(resource, entry);
  }
  return entry;
}

/** The entries of a whole chunk in one buffer, kept as long as the chunk lives. */
export function chunkBody(variant: XdsVariant, chunk: readonly EncodedResource[]): Uint8Array {
  let body = chunkBodies[variant].get(chunk);
  if (body === undefined) {
    body = concat(chunk.map((resource) => encodeEntry(variant, resource)));
    chunkBodies[variant].set(chunk, body);
  }
  return body;
}

/** Joins runs of small buffers. Big ones stay the shared objects that they are. */
export function joinSmall(buffers: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  const flush = () => {
    if (run.length > 0) out.push(run.length === 1 && run[0] !== undefined ? run[0] : concat(run));
    run = [];
  };
  for (const buffer of buffers) {
    if (buffer.length < JOIN_BELOW) run.push(buffer);
    else {
      flush();
      out.push(buffer);
    }
  }
  flush();
  return out;
}

/** Like Buffer.concat, but never a slice of the pool, which long-lived small buffers would pin. */
function concat(buffers: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  const out = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const buffer of buffers) {
    out.set(buffer, at);
    at += buffer.length;
  }
  return out;
}
