/**
 * Turns an Envoy message into the bytes that are served: encoded once per distinct resource, then shared by every proxy that has it.
 */
import { hash } from 'node:crypto';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type MessageType, typeUrl } from '../translate/proto.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE } from './type-urls.js';

/** One resource as served. `body` is a serialized google.protobuf.Any; `version` a hash of it. Structurally equal to xds/provider's type. */
export interface EncodedResource {
  readonly name: string;
  readonly version: string;
  readonly body: Uint8Array;
  readonly isStandIn?: boolean;
}

/**
 * Characters of a version (6 bits each). It goes out with every resource of the delta variant. Within this process bodies are compared as well;
 * only a proxy that reconnects is judged by the version alone. Clusters and endpoints come by the thousand and get short ones; of the others,
 * which carry the policies, a proxy has a few.
 */
const VERSION_LENGTH = 12;
const SHORT_VERSION_LENGTH = 5;
const SHORT_VERSIONS: ReadonlySet<string> = new Set([CLUSTER_TYPE, ENDPOINT_TYPE]);

/** Encodes a message under its resource name. Equal content gives an equal version. */
export function encodeResource<T, P>(type: MessageType<T, P>, name: string, message: P): EncodedResource {
  return encodeBytes(typeUrl(type), name, type.encode(type.fromPartial(message)).finish());
}

/** The same for a message that is encoded already. */
export function encodeBytes(url: string, name: string, value: Uint8Array): EncodedResource {
  const head = new BinaryWriter().uint32(10).string(url).uint32(18).uint32(value.length).finish();
  const body = new Uint8Array(head.length + value.length); // copied once: some are half a megabyte
  body.set(head);
  body.set(value, head.length);
  const length = SHORT_VERSIONS.has(url) ? SHORT_VERSION_LENGTH : VERSION_LENGTH;
  return { name, version: hash('sha1', body, 'base64url').slice(0, length), body };
}

/** Equality for queries that return one resource. */
export const sameResource = (a: EncodedResource | undefined, b: EncodedResource | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.name === b.name && a.version === b.version && Buffer.compare(a.body, b.body) === 0);
