/** So many things in a second, and some more at once. */
import { pause } from './back-off.js';

export class TokenBucket {
  #tokens: number;
  #at = performance.now();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.#tokens = burst;
  }

  /** Resolves when it is the caller's turn, or when the signal aborts. Turns are in the order of the calls. */
  async take(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond) - 1;
    this.#at = now;
    if (this.#tokens < 0) await pause((-this.#tokens / this.perSecond) * 1000, signal);
  }
}
