/**
 * Every type of Envoy's API as protobuf descriptors, for messages that only a user's EnvoyFilter names. Read when the first EnvoyFilter
 * appears; like code, it is a part of the program that does not change while it runs. Made by scripts/generate-descriptors.mjs.
 * https://protobuf.dev/programming-guides/techniques/#self-description
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

let registry: FileRegistry | undefined;

/** All types. Takes about 0.1 s the first time. */
export function envoyTypes(): FileRegistry {
  if (registry === undefined) {
    const file = createRequire(import.meta.url).resolve('@envoyproxy/xds-protos/envoy.binpb');
    registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
  }
  return registry;
}

/** The type of that full name; throws when there is none. For names that this program wrote itself. */
export function envoyType(name: string): DescMessage {
  const type = envoyTypes().getMessage(name);
  if (type === undefined) throw new Error(`no Envoy type ${name}`);
  return type;
}

/** The type that a `type.googleapis.com/…` URL names, if it is known. */
export const typeOfUrl = (url: string): DescMessage | undefined => envoyTypes().getMessage(url.slice(url.lastIndexOf('/') + 1));

/** Decodes a message as the interface that describes it here (messages.ts). */
export const decodeAs = <T extends Message>(type: DescMessage, bytes: Uint8Array): T => fromBinary(type, bytes) as T;

export const encodeAs = (type: DescMessage, message: Message): Uint8Array => toBinary(type, message);
