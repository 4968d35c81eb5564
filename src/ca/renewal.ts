/**
 * One thing that expires and is made anew before the middle of its life, as Istio's agent does with certificates (CA-019):
 * used for each workload certificate and for the server certificate.
 */
import type { Clock } from './clock.js';

/** What a renewal keeps fresh. */
export interface Expiring {
  readonly issuedAt: Date;
  readonly notAfter: Date;
}

/** How to keep a value fresh. */
export interface RenewalOptions<T extends Expiring> {
  readonly clock: Clock;
  /** From 0 up to 1; spreads renewals. */
  readonly random: () => number;
  readonly issue: () => Promise<T>;
  /** Called with every new value, the first too. */
  readonly onIssued: (value: T) => void;
  /** Called when making one failed (it is tried again) or `onIssued` threw. */
  readonly onError: (error: unknown) => void;
}

/** Begun between these shares of the lifetime: not all at the same time, and with time to be done before half of it is over, also where much is to do. */
const earliest = 0.4;
const latest = 0.45;
const minDelayMs = 1000;
/** setTimeout wraps at 24.8 days and stands still while a machine sleeps: so look again at least this often. */
const maxDelayMs = 60 * 60 * 1000;
const firstRetryMs = 1000;
const maxRetryMs = 60 * 1000;

/** A value with the timer that renews it. */
export class Renewal<T extends Expiring> {
  readonly #options: RenewalOptions<T>;
  #value: T | undefined;
  #renewAt = 0;
  #pending: Promise<T> | undefined;
  #isStale = false;
  #failures = 0;
  #isStopped = false;
  #cancelTimer: () => void = () => {};

  constructor(options: RenewalOptions<T>) {
    this.#options = options;
  }

  /** The value as it is, whether valid or not; undefined before the first. */
  get value(): T | undefined {
    return this.#value;
  }

  /** The value if it is still valid, else a new one; concurrent callers share it. */
  async current(): Promise<T> {
    const value = this.#value;
    if (value === undefined || this.#options.clock.now() >= value.notAfter.getTime()) return this.#renew();
    return value;
  }

  /** Makes a new value now, also when one is being made: that one may come of old settings. */
  renewNow(): void {
    if (this.#pending === undefined) this.#renewInBackground();
    else this.#isStale = true;
  }

  /** Ends renewal; a value that is being made is no longer reported. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  #renewInBackground(): void {
    this.#renew().catch(() => {}); // reported by onError
  }

  #renew(): Promise<T> {
    this.#pending ??= this.#make();
    return this.#pending;
  }

  async #make(): Promise<T> {
    try {
      const value = await this.#issue();
      this.#pending = undefined;
      if (!this.#isStopped) this.#take(value);
      return value;
    } catch (error) {
      this.#pending = undefined;
      if (!this.#isStopped) this.#retryLater(error);
      throw error;
    }
  }

  /** Also a synchronous throw becomes a rejection, so that `#pending` is always set before it is cleared. */
  async #issue(): Promise<T> {
    return this.#options.issue();
  }

  #take(value: T): void {
    this.#value = value;
    this.#failures = 0;
    const lifetime = value.notAfter.getTime() - value.issuedAt.getTime();
    const share = earliest + (latest - earliest) * this.#options.random();
    this.#renewAt = Math.max(value.issuedAt.getTime() + lifetime * share, this.#options.clock.now() + minDelayMs);
    this.#wait();
    try {
      this.#options.onIssued(value);
    } catch (error) {
      this.#options.onError(error);
    }
    if (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      this.#renewInBackground();
    }
  }

  #retryLater(error: unknown): void {
    this.#isStale = false; // the retry asks afresh anyway
    const delay = Math.min(firstRetryMs * 2 ** this.#failures, maxRetryMs);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#renewAt = this.#options.clock.now() + delay * (1 + this.#options.random() / 2);
    this.#wait();
    this.#options.onError(error);
  }

  #wait(): void {
    this.#cancelTimer();
    const { clock } = this.#options;
    const delay = Math.min(Math.max(this.#renewAt - clock.now(), 0), maxDelayMs);
    this.#cancelTimer = clock.after(Math.ceil(delay), () => {
      if (clock.now() < this.#renewAt) this.#wait();
      else this.#renewInBackground();
    });
  }
}
