/**
 * Many events → one run: it waits until nothing has happened for a while, but never longer than a maximum.
 * Same idea and names as istiod's PILOT_DEBOUNCE_AFTER and PILOT_DEBOUNCE_MAX.
 */
export interface DebounceOptions {
  /** Milliseconds without an event before the run. @default 10 */
  readonly quiet: number;
  /** Milliseconds from the first event to the run at most. @default 1000 */
  readonly max: number;
}

export const DEFAULT_DEBOUNCE: DebounceOptions = { quiet: 10, max: 1000 };

export class Debounce {
  #timer: NodeJS.Timeout | undefined;
  #first = 0;

  constructor(
    /** Gets the time of the first event, on the scale of performance.now. */
    private readonly run: (since: number) => void,
    private readonly options: DebounceOptions = DEFAULT_DEBOUNCE,
  ) {}

  /** Something has happened and was not run yet. */
  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  /** Something happened. */
  poke(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#first = now;
    else clearTimeout(this.#timer);
    const left = this.#first + this.options.max - now;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, Math.min(this.options.quiet, left)));
  }

  /** Forgets what has happened. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    this.run(this.#first);
  }
}
