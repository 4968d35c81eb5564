/** Keeps what strangers do from filling the log: of each kind of message so many at once, and then a few a minute that say how many were left out. */

/** How a kind of message stands. */
interface Kind {
  at: number;
  free: number;
  leftOut: number;
}

/** Decides which messages are written. */
export class LogThrottle {
  readonly #kinds = new Map<string, Kind>();

  /** `burst` messages of a kind at once, and one more every `everyMs`. Beyond `maxKinds` the oldest kind is forgotten. */
  constructor(
    private readonly burst = 20,
    private readonly everyMs = 5_000,
    private readonly maxKinds = 1_000,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Undefined to leave the message out; else how many were left out since the last one. `messages`: for how many this one stands. */
  take(name: string, messages = 1): number | undefined {
    const now = this.now();
    const kind = this.#kinds.get(name) ?? { at: now, free: this.burst, leftOut: 0 };
    this.#kinds.delete(name);
    this.#kinds.set(name, kind);
    const oldest = this.#kinds.keys().next();
    if (this.#kinds.size > this.maxKinds && oldest.done !== true) this.#kinds.delete(oldest.value);
    kind.free = Math.min(this.burst, kind.free + (now - kind.at) / this.everyMs);
    kind.at = now;
    if (kind.free < 1) {
      kind.leftOut += messages;
      return undefined;
    }
    kind.free -= 1;
    const { leftOut } = kind;
    kind.leftOut = 0;
    return leftOut;
  }
}
