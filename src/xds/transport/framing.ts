/**
 * gRPC's length-prefixed messages: one byte of flags, four of length, the message. DATA frames cut them anywhere,
 * so the reader keeps what is incomplete.
 */
import { GrpcStatus, Refusal } from '../grpc-status.js';

const PREFIX = 5;
/**
 * Where a message that came in parts is put together. Clients of the SotW variant acknowledge with 50 kB of names: a buffer for each would
 * be tens of megabytes of garbage per change. One for all, because a message is read before the next one comes.
 */
let scratch = Buffer.allocUnsafeSlow(64 << 10);
const MAX_SCRATCH = 1 << 20;
/** Parts of a message that are kept as they came. */
const MAX_PARTS = 16;

/** The five bytes before a message of `length` bytes. */
export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** Puts messages together again. */
export class MessageReader {
  #parts: Buffer[] = [];
  #size = 0;

  constructor(private readonly maxBytes: number) {}

  /** True between messages: the client may half-close here and nowhere else. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** The messages that `data` completes, valid until the next call of any reader. Throws a {@link Refusal} for what is too long or compressed. */
  push(data: Buffer): Buffer[] {
    this.#parts.push(data);
    this.#size += data.length;
    this.#mergeSmall();
    const messages: Buffer[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): Buffer | undefined {
    if (this.#size < PREFIX) return undefined;
    const head = this.#peek(PREFIX);
    if (head[0] !== 0) throw new Refusal(GrpcStatus.UNIMPLEMENTED, 'compressed messages are not supported');
    const length = head.readUInt32BE(1);
    if (length > this.maxBytes) {
      throw new Refusal(GrpcStatus.RESOURCE_EXHAUSTED, `request message of ${length} bytes is over the limit of ${this.maxBytes}`, 'message_bytes');
    }
    if (this.#size < PREFIX + length) return undefined;
    return this.#take(PREFIX + length).subarray(PREFIX);
  }

  /** A message cut into single bytes would be millions of buffers: beyond a few, the last ones are joined by doubling, which copies little. */
  #mergeSmall(): void {
    const parts = this.#parts;
    while (parts.length > MAX_PARTS) {
      const last = parts[parts.length - 1] as Buffer;
      const before = parts[parts.length - 2] as Buffer;
      if (before.length > last.length) return;
      parts.splice(-2, 2, Buffer.concat([before, last]));
    }
  }

  /** At least `count` bytes in one buffer, which stay. */
  #peek(count: number): Buffer {
    const first = this.#parts[0];
    if (first !== undefined && first.length >= count) return first;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }

  /** Takes `count` bytes out. Only the first message of a push can lie in several parts, so the scratch buffer is used once per push. */
  #take(count: number): Buffer {
    this.#size -= count;
    const first = this.#parts[0] as Buffer;
    if (first.length >= count) {
      if (first.length === count) this.#parts.shift();
      else this.#parts[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const message = scratchOf(count);
    let at = 0;
    while (at < count) {
      const part = this.#parts.shift() as Buffer;
      const used = part.copy(message, at, 0, count - at);
      if (used < part.length) this.#parts.unshift(part.subarray(used));
      at += used;
    }
    return message;
  }
}

function scratchOf(length: number): Buffer {
  if (length > MAX_SCRATCH) return Buffer.allocUnsafeSlow(length);
  if (length > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.min(MAX_SCRATCH, 2 * length));
  return scratch.subarray(0, length);
}
