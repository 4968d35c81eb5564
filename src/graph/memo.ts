/**
 * One remembered value of a query, and how it is brought up to date: verify the recorded reads in order, compute only when one of
 * them really changed, and keep the old value (and its date) when the new one is equal, which ends the wave there.
 */
import { cycleThrough } from './cycle.js';
import type { Engine, Run } from './engine.js';
import { CHECK, CLEAN, Memoised, type Node, STALE } from './node.js';
import type { Equals } from './types.js';

/** Deeper than any sane model, and well before the JavaScript stack ends at a place where the engine could not clean up. */
const MAX_NESTING = 2000;

/** What the memos of one query share. */
export interface Recipe {
  readonly name: string;
  readonly compute: (key: string) => unknown;
  readonly equals: Equals<unknown>;
  readonly memos: Map<string, Memo>;
}

export class Memo extends Memoised {
  /** The value, or the error when `failed`. */
  value: unknown = undefined;
  failed = false;
  /** The clock when the value was last known to be right; 0 before the first computation. */
  verifiedAt = 0;
  /** On the evaluator's path: reading it now is a cycle. */
  busy = false;
  /** Set when the memo was found to need itself; becomes its value. */
  cycle: Error | undefined = undefined;

  constructor(
    readonly recipe: Recipe,
    readonly key: string,
  ) {
    super();
  }

  override drop(): void {
    this.recipe.memos.delete(this.key);
    this.kept = undefined; // a closed watch may be held for long
  }
}

/** Brings memos up to date. */
export class Evaluator {
  /** The memos being verified or computed, outermost first. */
  private readonly path: Memo[] = [];
  /** For each memo of the path, the next recorded read to verify. */
  private readonly cursors: number[] = [];

  constructor(private readonly engine: Engine) {}

  /** The up-to-date value, recorded as a read of the running query. Throws a memoised error again. */
  read(memo: Memo): unknown {
    // Whoever is found to be part of a cycle is doomed and reads no further: else what it reads after catching the error could make
    // other values part of a cycle or not, depending on where reading began.
    const reader = this.engine.active?.memo as Memo | undefined;
    if (reader?.cycle !== undefined) throw reader.cycle;
    this.engine.track(memo); // before any throw: whoever catches the error depends on it as well
    if (memo.state !== CLEAN) {
      if (memo.busy) throw cycleThrough(this.path, memo);
      this.refresh(memo);
    }
    if (memo.failed) throw memo.value;
    return memo.value;
  }

  /** Makes the memo clean; never throws what a query threw. Verifying is a loop, not a recursion: chains can be very long. */
  refresh(memo: Memo): void {
    if (memo.state === CLEAN) return;
    const base = this.path.length;
    this.enter(memo);
    while (this.path.length > base) {
      const top = this.path[this.path.length - 1] as Memo;
      if (top.state === CHECK && this.verify(top)) continue;
      if (top.state === STALE) this.compute(top);
      this.leave(top);
    }
  }

  /**
   * Looks for the first recorded read that changed. Returns true when it has entered one that must be brought up to date first.
   * In order, because a later read may only have happened on account of an earlier one.
   */
  private verify(memo: Memo): boolean {
    const { deps } = memo;
    const level = this.cursors.length - 1;
    if (memo.cycle !== undefined) {
      // Found while the read at the cursor was brought up to date. Computing would read the same up to there, and be doomed there.
      const run = this.engine.begin(memo);
      run.matched = (this.cursors[level] as number) + 1;
      this.settle(run, memo, memo.cycle, true, false);
      return false;
    }
    for (let i = this.cursors[level] as number; i < deps.length; i++) {
      const dep = deps[i] as Node;
      if (dep.state !== CLEAN) {
        if (!(dep as Memo).busy) {
          this.cursors[level] = i;
          this.enter(dep as Memo);
          return true;
        }
        memo.state = STALE; // the read closes a cycle: computing says so
        return false;
      }
      if (dep.changedAt > memo.verifiedAt) {
        memo.state = STALE;
        return false;
      }
    }
    memo.state = CLEAN;
    memo.verifiedAt = this.engine.clock;
    return false;
  }

  private compute(memo: Memo): void {
    const { recipe } = memo;
    const run = this.engine.begin(memo);
    let value: unknown;
    let failed = false;
    let same = false;
    try {
      if (run.depth > MAX_NESTING) throw new RangeError(`graph: ${recipe.name}(${memo.key}) is nested more than ${MAX_NESTING} queries deep`);
      value = recipe.compute(memo.key);
      if (isPromise(value)) throw new TypeError(`graph: query ${recipe.name} returned a promise; a query cannot await`);
      same = memo.verifiedAt > 0 && !memo.failed && recipe.equals(memo.value, value);
    } catch (error) {
      value = error;
      failed = true;
      same = memo.failed && Object.is(memo.value, error);
    }
    // Whoever is part of a cycle fails, also where it catches the error: a value must not depend on where reading began.
    if (memo.cycle === undefined) this.settle(run, memo, value, failed, same);
    else this.settle(run, memo, memo.cycle, true, false);
  }

  private settle(run: Run, memo: Memo, value: unknown, failed: boolean, same: boolean): void {
    this.engine.link(run);
    if (!same) {
      memo.value = value;
      memo.failed = failed;
      memo.changedAt = this.engine.clock;
    }
    memo.verifiedAt = this.engine.clock;
    memo.state = CLEAN;
  }

  private enter(memo: Memo): void {
    memo.busy = true;
    this.path.push(memo);
    this.cursors.push(0);
  }

  private leave(memo: Memo): void {
    memo.busy = false;
    memo.cycle = undefined;
    this.path.pop();
    this.cursors.pop();
  }
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
