/** Waiting longer after each failure, never all at once: full jitter between half and the whole of the step. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface BackOffOptions {
  /** Milliseconds. @default 250 */
  readonly first: number;
  /** Milliseconds. @default 10000 */
  readonly max: number;
  /** 0 to 1. @default Math.random */
  readonly random?: () => number;
}

export const DEFAULT_BACK_OFF: BackOffOptions = { first: 250, max: 10_000 };

export class BackOff {
  #step: number;

  constructor(private readonly options: BackOffOptions = DEFAULT_BACK_OFF) {
    this.#step = options.first;
  }

  /** How long to wait now; the next answer is twice as long. */
  next(): number {
    const step = this.#step;
    this.#step = Math.min(step * 2, this.options.max);
    return step / 2 + ((this.options.random ?? Math.random)() * step) / 2;
  }

  /** It went well: the next failure waits shortly again. */
  reset(): void {
    this.#step = this.options.first;
  }

  /** Waits for the step, or for as long as the server asks if that is longer. Resolves early, without error, when the signal aborts. */
  async wait(signal: AbortSignal, atLeastMs = 0): Promise<void> {
    await pause(Math.max(this.next(), atLeastMs), signal);
  }
}

/** Resolves after a time, or at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
