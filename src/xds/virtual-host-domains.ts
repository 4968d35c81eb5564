/** The domains of an encoded virtual host: the third thing, beside name and content, that the order of pushes has to know of it. */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { EncodedResource } from './provider.js';

const LENGTH_DELIMITED = 2;
/** `value` of google.protobuf.Any, and `domains` of VirtualHost. */
const FIELD = 2;

const known = new WeakMap<EncodedResource, readonly string[]>();

/** Field 2 of the message in the Any; none for what is no virtual host. */
export function domainsOf(resource: EncodedResource): readonly string[] {
  let domains = known.get(resource);
  if (domains === undefined) {
    const texts = fields(resource.body).flatMap((host) => fields(host));
    known.set(resource, (domains = texts.map((text) => Buffer.from(text).toString())));
  }
  return domains;
}

function fields(message: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  try {
    const reader = new BinaryReader(message);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === ((FIELD << 3) | LENGTH_DELIMITED)) found.push(reader.bytes());
      else reader.skip(tag & 7);
    }
  } catch {
    return [];
  }
  return found;
}
