/**
 * How far changes have got: from their write until the last proxy that was sent something because of them has answered. Counts, per
 * change, the types on all streams that may still owe it something: those that are stale and not read yet, and responses under way.
 *
 * A type that is stale when a change comes may owe that change as well (nobody is told twice), so each change counts those that are
 * stale when it begins; a read settles all changes up to it. Everything is a few additions per read, response and answer.
 */

/** What became of a change. */
export type ChangeOutcome =
  /** Nobody was sent anything. */
  | 'unaffected'
  /** Every response was accepted, or its proxy left. */
  | 'accepted'
  /** Some proxy refused a response. */
  | 'refused'
  /** No longer followed: a client never answered, or too many changes were on their way. */
  | 'lost';

/** A change that is through. Times in milliseconds of the clock that the server runs on. */
export interface ChangeReport {
  readonly change: number;
  readonly outcome: ChangeOutcome;
  /** When it was written. */
  readonly at: number;
  readonly ms: number;
  readonly responses: number;
}

/** A response that carries changes. */
export interface CarriedPush {
  readonly proxy: string;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly bytes: number;
  readonly resources: number;
  /** When its view was read, and when the response was made. */
  readonly readAt: number;
  readonly madeAt: number;
}

/** What is told of changes. Must not throw. */
export interface ChangeListener {
  /** A response with a change is on its way; told for each change that it carries. */
  sent?(push: CarriedPush, change: number, writtenAt: number, now: number): void;
  answered?(push: CarriedPush, change: number, answer: Answer, now: number): void;
  done?(report: ChangeReport): void;
}

/** How a client answered; `gone`: it left, or the response took its place in another. */
export type Answer = 'accepted' | 'refused' | 'gone';

/** Changes with numbers from `from` to `to`, both included; empty when `to` is smaller. */
export interface ChangeRange {
  readonly from: number;
  readonly to: number;
}

interface Open {
  readonly at: number;
  pending: number;
  responses: number;
  isRefused: boolean;
  isWriting: boolean;
}

const MAX_OPEN = 256;
const MAX_AGE_MS = 300_000;

export class ChangeTracker {
  readonly #open = new Map<number, Open>();
  #newest = 0;
  #writing = false;
  /** Types that are stale by a change and not read yet. */
  #stale = 0;

  constructor(private readonly listener: ChangeListener) {}

  /** Changes that are not through yet. */
  get open(): number {
    return this.#open.size;
  }

  /** Runs a write, whose views become stale meanwhile. `at` is when its author wrote it. Returns its number. */
  change(at: number, now: () => number, write: (change: number) => void): number {
    this.#dropOld(now());
    const change = ++this.#newest;
    const open: Open = { at, pending: this.#stale, responses: 0, isRefused: false, isWriting: true };
    this.#open.set(change, open);
    this.#writing = true;
    try {
      write(change);
    } finally {
      this.#writing = false;
      open.isWriting = false;
      if (open.pending === 0) this.#close(change, open, now());
    }
    return change;
  }

  /** A type has become stale. Returns the change from which on it may owe something. */
  staled(): number {
    this.#stale += 1;
    if (!this.#writing) return this.#newest + 1;
    const open = this.#open.get(this.#newest);
    if (open !== undefined) open.pending += 1;
    return this.#newest;
  }

  /** A stale type was read. Its changes are pending until they are settled. */
  read(from: number): ChangeRange {
    this.#stale -= 1;
    return { from, to: this.#newest };
  }

  /** The read did not count: the type stays stale. */
  unread({ from }: ChangeRange): number {
    this.#stale += 1;
    return from;
  }

  /** A response with these changes is on its way. */
  sent(range: ChangeRange, push: CarriedPush, now: number): void {
    for (let change = this.#first(range); change <= range.to; change++) {
      const open = this.#open.get(change);
      if (open === undefined) continue;
      open.responses += 1;
      this.listener.sent?.(push, change, open.at, now);
    }
  }

  /** A type owes these changes nothing more; `push` is what brought them, if anything had to be sent. */
  settled(range: ChangeRange, now: number, push?: CarriedPush, answer: Answer = 'gone'): void {
    for (let change = this.#first(range); change <= range.to; change++) {
      const open = this.#open.get(change);
      if (open === undefined) continue;
      open.pending -= 1;
      if (push !== undefined) this.listener.answered?.(push, change, answer, now);
      if (answer === 'refused') open.isRefused = true;
      if (open.pending === 0 && !open.isWriting) this.#close(change, open, now);
    }
  }

  #first({ from }: ChangeRange): number {
    return Math.max(from, this.#newest - MAX_OPEN);
  }

  #close(change: number, { at, responses, isRefused }: Open, now: number): void {
    this.#open.delete(change);
    const outcome = responses === 0 ? 'unaffected' : isRefused ? 'refused' : 'accepted';
    this.listener.done?.({ change, outcome, at, ms: now - at, responses });
  }

  #dropOld(now: number): void {
    for (const [change, { at, responses }] of this.#open) {
      if (this.#open.size < MAX_OPEN && now - at < MAX_AGE_MS) return;
      this.#open.delete(change);
      this.listener.done?.({ change, outcome: 'lost', at, ms: now - at, responses });
    }
  }
}
