/**
 * Keeps strangers from filling the log, and each from hiding the others: so many lines of a kind for each address, and ten times as many for all of
 * them together, because addresses are cheap.
 */
import { LogThrottle } from './log-throttle.js';

/** Decides which lines about peers are written. */
export class PeerLogThrottle {
  readonly #each: LogThrottle;
  readonly #all: LogThrottle;

  constructor(now?: () => number) {
    this.#each = new LogThrottle(20, 5_000, 1_000, now);
    this.#all = new LogThrottle(200, 500, 1_000, now);
  }

  /** Undefined to leave the line out; else how many were left out since the last one of this address, or of those that all together had no room. */
  take(kind: string, host: string): number | undefined {
    const ofHost = this.#each.take(`${kind} ${host}`);
    if (ofHost === undefined) return undefined;
    const ofAll = this.#all.take(kind, 1 + ofHost);
    return ofAll === undefined ? undefined : ofAll + ofHost;
  }
}
