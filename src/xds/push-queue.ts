/**
 * Who has something to send. A set in order of arrival: a connection that is reported twice waits once, which makes merging
 * changes free, and nobody is served again before the others. Work stops every few milliseconds for the event loop, and as
 * long as too many bytes wait in the transport.
 */
import type { Clock } from './clock.js';

/** Bytes handed to the transport and not yet gone, over all streams. */
export class ByteBudget {
  #used = 0;
  #onFree: (() => void) | undefined;

  constructor(private readonly limit: number) {}

  get used(): number {
    return this.#used;
  }

  get isSpent(): boolean {
    return this.#used >= this.limit;
  }

  /** Called when the budget stops being spent. */
  onFree(listener: () => void): void {
    this.#onFree = listener;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    const wasSpent = this.isSpent;
    this.#used -= bytes;
    if (wasSpent && !this.isSpent) this.#onFree?.();
  }
}

/** Something that can use its turn. */
export interface Pushable {
  turn(): void;
  /** Its turn threw: a fault of ours that must not stop the others. */
  fail?(error: unknown): void;
}

/** The queue of connections with something to send. */
export class PushQueue {
  /** Who waits, and since when. */
  readonly #waiting = new Map<Pushable, number>();
  #isScheduled = false;

  constructor(
    private readonly clock: Clock,
    private readonly budget: ByteBudget,
    private readonly sliceMs: number,
    /** Told how long each waited for its turn. */
    private readonly onTurn?: (ms: number) => void,
  ) {
    budget.onFree(() => this.#schedule());
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(connection: Pushable): void {
    if (!this.#waiting.has(connection)) this.#waiting.set(connection, this.clock.now());
    this.#schedule();
  }

  delete(connection: Pushable): void {
    this.#waiting.delete(connection);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0 || this.budget.isSpent) return;
    this.#isScheduled = true;
    this.clock.soon(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  #run(): void {
    let now = this.clock.now();
    const end = now + this.sliceMs;
    // The count bounds a slice even when turns add connections again.
    let count = this.#waiting.size;
    for (const [connection, since] of this.#waiting) {
      if (count-- === 0 || this.budget.isSpent) break;
      this.#waiting.delete(connection);
      this.onTurn?.(now - since);
      try {
        connection.turn();
      } catch (error) {
        connection.fail?.(error);
      }
      now = this.clock.now();
      if (now >= end) break;
    }
    this.#schedule();
  }
}
