/**
 * The few protobuf helpers that every builder needs. Messages are built as partial plain objects and encoded once, last.
 */

import type { Any, DeepPartial } from '@envoyproxy/xds-protos/google/protobuf/any.js';
import type { Duration } from '@envoyproxy/xds-protos/google/protobuf/duration.js';

/** A message under construction: any field may be missing. */
export type Partial<T> = DeepPartial<T>;

/** What ts-proto generates for a message, as far as it is needed here. */
export interface MessageType<T, P> {
  readonly $type: string;
  fromPartial(value: P): T;
  encode(message: T): { finish(): Uint8Array };
}

/** Packs a message into an Any: `toAny(TcpProxy, { statPrefix, … })`. */
export function toAny<T, P>(type: MessageType<T, P>, value: P): Any {
  const bytes = type.encode(type.fromPartial(value)).finish();
  return { typeUrl: typeUrl(type), value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

export const typeUrl = (type: { readonly $type: string }): string => `type.googleapis.com/${type.$type}`;

const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000_000_000,
  m: 60_000_000_000,
  s: 1_000_000_000,
  ms: 1_000_000,
  us: 1_000,
  µs: 1_000,
  ns: 1,
};

/** Nanoseconds of a duration as YAML writes it ('1h30m', '250ms', '0.5s'); undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  let rest = text;
  const sign = rest.startsWith('-') ? -1 : 1;
  if (sign < 0) rest = rest.slice(1);
  let total = 0;
  if (rest === '') return undefined;
  while (rest !== '') {
    const part = /^(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)/.exec(rest);
    if (part === null) return undefined;
    total += Number(part[1]) * (UNITS[part[2] as string] as number);
    rest = rest.slice(part[0].length);
  }
  return sign * Math.round(total);
}

/** A duration from YAML as a message. Throws on text that validation should have refused. (The generated API has no duration strings.) */
export function duration(text: string): Duration {
  const nanos = parseDuration(text);
  if (nanos === undefined) throw new Error(`not a duration: ${JSON.stringify(text)}`);
  const seconds = Math.trunc(nanos / 1e9);
  return { seconds: BigInt(seconds), nanos: nanos - seconds * 1e9 };
}
