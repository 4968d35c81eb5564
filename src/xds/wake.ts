/** One timer for many times: it rings at the earliest that was asked for since it was cleared. */
import type { Clock } from './clock.js';

export class Wake {
  #cancel: (() => void) | undefined;
  #at: number | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly ring: () => void,
  ) {}

  /** Rings at this time, unless it rings earlier anyway. */
  by(at: number): void {
    if (this.#at !== undefined && this.#at <= at) return;
    this.clear();
    this.#at = at;
    this.#cancel = this.clock.after(Math.max(0, at - this.clock.now()), () => {
      this.#at = undefined;
      this.ring();
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = undefined;
  }
}
