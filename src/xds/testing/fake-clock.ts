/** Time for tests: stands still until it is moved. */
import type { Clock } from '../clock.js';

/** A clock that runs only inside `advance` and `settle`. */
export class FakeClock implements Clock {
  #now = 0;
  #soon: (() => void)[] = [];
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Runs what is due now, promises included. */
  async settle(): Promise<void> {
    for (let i = 0; i < 1_000; i++) {
      await Promise.resolve();
      await Promise.resolve();
      const run = this.#soon.shift();
      if (run === undefined) return;
      run();
    }
    throw new Error('the work never ends');
  }

  /** Moves time on, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const [next] = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.settle();
    }
    this.#now = end;
  }
}
