/**
 * What one stream has been given to send and has not got rid of: its share of the bytes in flight over all streams, and since when it makes no progress.
 * The memory that a client which does not read can pin is bounded by it: no new push above a size, and in the end no stream.
 */
import type { Clock } from './clock.js';
import type { LimitName } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import type { ByteBudget } from './push-queue.js';
import type { Stream } from './transport/grpc-server.js';

/** A stream that takes nothing for so long no longer counts against the bytes in flight: it must not starve the others. */
const STUCK_MS = 1_000;
/** Nor does one that is never done for so long: a few that read byte by byte would starve the others just as well. */
const BUSY_MS = 10_000;

/** The unsent bytes of one stream. */
export class SendAccount {
  #charged = 0;
  #progressAt: number;
  /** Since when there were always bytes to send. */
  #busySince = 0;

  constructor(
    private readonly stream: Stream,
    private readonly budget: ByteBudget,
    private readonly limits: XdsLimits,
    private readonly clock: Clock,
    /** All that was handed to the stream has left, so long after the first byte of it. */
    private readonly onEmpty: (ms: number) => void,
  ) {
    this.#progressAt = clock.now();
  }

  /** False while too much waits. */
  get hasRoom(): boolean {
    return this.stream.bufferedBytes <= this.limits.maxBufferedBytes;
  }

  send(chunks: readonly Uint8Array[]): void {
    const before = this.stream.bufferedBytes;
    if (before === 0) this.#progressAt = this.#busySince = this.clock.now();
    this.stream.send(chunks);
    const charge = Math.max(0, this.stream.bufferedBytes - before);
    this.#charged += charge;
    this.budget.take(charge);
  }

  /** Some bytes left; true when there is room again for the first time. */
  flushed(bytes: number): boolean {
    this.#progressAt = this.clock.now();
    this.#uncharge(Math.min(bytes, this.#charged));
    if (this.stream.bufferedBytes === 0) this.onEmpty(this.#progressAt - this.#busySince);
    return this.hasRoom && this.stream.bufferedBytes + bytes > this.limits.maxBufferedBytes;
  }

  /** The stream is over. */
  close(): void {
    this.#uncharge(this.#charged);
  }

  /** Regular check: the deadline that has passed. */
  overdue(): { readonly limit: LimitName; readonly message: string } | undefined {
    if (this.stream.bufferedBytes === 0) return undefined;
    const now = this.clock.now();
    const [stuck, busy] = [now - this.#progressAt, now - this.#busySince];
    if (stuck >= STUCK_MS || busy >= BUSY_MS) this.#uncharge(this.#charged);
    const { writeDeadlineMs, drainDeadlineMs } = this.limits;
    if (stuck >= writeDeadlineMs) return { limit: 'write_deadline', message: `nothing was read for ${writeDeadlineMs / 1000} s` };
    if (busy >= drainDeadlineMs) return { limit: 'drain_deadline', message: `what was sent is not read after ${drainDeadlineMs / 1000} s` };
    return undefined;
  }

  #uncharge(bytes: number): void {
    this.#charged -= bytes;
    if (bytes > 0) this.budget.give(bytes);
  }
}
