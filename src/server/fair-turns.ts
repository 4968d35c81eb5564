/** Lets a few do something at a time, and of one caller fewer: who asks for everything at once stops nobody else. */
export interface TurnLimits {
  readonly atOnce: number;
  readonly atOncePerKey: number;
  /** Of one key; one more is refused. */
  readonly waitingPerKey: number;
}

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/** Turns by key, in the order in which keys came. */
export class FairTurns {
  /** Keys with somebody who runs or waits; who had a turn goes to the end. */
  readonly #lines = new Map<string, Line>();
  #running = 0;

  constructor(private readonly limits: TurnLimits) {}

  /** Runs it when its turn comes; undefined when too many of its key are waiting. */
  run<T>(key: string, what: () => Promise<T>): Promise<T> | undefined {
    const line = this.#lines.get(key) ?? { running: 0, waiting: [] };
    if (line.waiting.length >= this.limits.waitingPerKey) return undefined;
    this.#lines.set(key, line);
    const turn = new Promise<void>((resolve) => line.waiting.push(resolve));
    this.#next();
    return turn.then(what).finally(() => this.#done(key, line));
  }

  #next(): void {
    for (const [key, line] of this.#lines) {
      if (this.#running >= this.limits.atOnce) return;
      if (line.running >= this.limits.atOncePerKey) continue;
      const start = line.waiting.shift();
      if (start === undefined) continue;
      line.running += 1;
      this.#running += 1;
      this.#lines.delete(key);
      this.#lines.set(key, line);
      start();
    }
  }

  #done(key: string, line: Line): void {
    line.running -= 1;
    this.#running -= 1;
    if (line.running === 0 && line.waiting.length === 0) this.#lines.delete(key);
    this.#next();
  }
}
