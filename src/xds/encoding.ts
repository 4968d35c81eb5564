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

type Bodies = readonly Uint8Array[];

const entries = { sotw: new WeakMap<EncodedResource, Bodies>(), delta: new WeakMap<EncodedResource, Bodies>() };
const chunkBodies = { sotw: new WeakMap<readonly EncodedResource[], Bodies>(), delta: new WeakMap<readonly EncodedResource[], Bodies>() };

/** One element of `resources`: tag and length (for delta with the fields of the Resource around it), then the Any itself, not copied. */
function entryParts(variant: XdsVariant, { name, version, body }: EncodedResource): Uint8Array[] {
  const head = new BinaryWriter().uint32(tag(2));
  if (variant === 'sotw') return [head.uint32(body.length).finish(), body];
  const around = new BinaryWriter().uint32(tag(3)).string(name).uint32(tag(1)).string(version).uint32(tag(2)).uint32(body.length).finish();
  return [
    head
      .uint32(around.length + body.length)
      .raw(around)
      .finish(),
    body,
  ];
}

/** The entry of one resource, kept: for resources that are sent alone. */
export function entryOf(variant: XdsVariant, resource: EncodedResource): Bodies {
  let entry = entries[variant].get(resource);
  if (entry === undefined) {
    entry = joinSmall(entryParts(variant, resource));
    entries[variant].set(resource, entry);
  }
  return entry;
}

/** The entries of a whole chunk, kept as long as the chunk lives: small ones in one buffer, big ones as they are. */
export function chunkBody(variant: XdsVariant, chunk: readonly EncodedResource[]): Bodies {
  let body = chunkBodies[variant].get(chunk);
  if (body === undefined) {
    body = joinSmall(chunk.flatMap((resource) => entryParts(variant, resource)));
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
