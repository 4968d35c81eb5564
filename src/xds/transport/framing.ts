/**
 * gRPC's length-prefixed messages: one byte of flags, four of length, the message. DATA frames cut them anywhere,
 * so the reader keeps what is incomplete.
 */
import { GrpcStatus, Refusal } from '../grpc-status.js';

const PREFIX = 5;

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

  /** The messages that `data` completes. Throws a {@link Refusal} for what is too long or compressed. */
  push(data: Buffer): Buffer[] {
    this.#parts.push(data);
    this.#size += data.length;
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
      throw new Refusal(GrpcStatus.RESOURCE_EXHAUSTED, `request message of ${length} bytes is over the limit of ${this.maxBytes}`);
    }
    if (this.#size < PREFIX + length) return undefined;
    const all = this.#peek(PREFIX + length);
    this.#drop(PREFIX + length);
    return all.subarray(PREFIX, PREFIX + length);
  }

  /** At least `count` bytes in one buffer; joins parts only when the first is too short, so once per message. */
  #peek(count: number): Buffer {
    const first = this.#parts[0];
    if (first !== undefined && first.length >= count) return first;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }

  #drop(count: number): void {
    this.#size -= count;
    const rest = this.#parts[0]?.subarray(count);
    if (rest === undefined || rest.length === 0) this.#parts.shift();
    else this.#parts[0] = rest;
  }
}
