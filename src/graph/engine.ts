/**
 * The state that all parts of one graph share: the clock, the query that is running, the open transaction, the marks.
 * Internal; people use {@link Graph}.
 */
import { addDependant, CHECK, CLEAN, type Memoised, type Node, STALE, type Watcher } from './node.js';
import { Sweeper } from './sweeper.js';

/** The computation under way, of whatever graph. */
let current: Run | undefined;

/** Keeps an object in memory for as long as the value that is being computed; outside of queries it does nothing. */
export function keepWithValue(object: object): void {
  current?.keep(object);
}

/** One computation under way: collects what it reads. */
export class Run {
  /** One object, or several in an array: most values keep none or one. */
  kept: object | undefined = undefined;
  /** How many of the previous reads have been repeated in the same order so far. */
  matched = 0;
  /** The reads from the first difference on. May hold repeats, see {@link Engine.link}. */
  rest: Node[] | undefined = undefined;
  /** How many computations wait for this one, itself included. */
  readonly depth: number;

  constructor(
    readonly memo: Memoised,
    readonly outer: Run | undefined,
    readonly stamp: number,
    /** What was under way before, be it of another graph. */
    readonly before: Run | undefined,
  ) {
    this.depth = outer === undefined ? 1 : outer.depth + 1;
  }

  keep(object: object): void {
    if (this.kept === undefined) this.kept = object;
    else if (!Array.isArray(this.kept)) this.kept = this.kept === object ? object : [this.kept, object];
    else if (!this.kept.includes(object)) this.kept.push(object);
  }
}

export class Engine {
  revision = 0;
  /** Counts effective writes, also those inside one transaction and those taken back: the order in which things changed. */
  clock = 1;
  runs = 0;
  active: Run | undefined = undefined;
  readonly sweeper: Sweeper;
  /** Watchers to tell when the transaction is over. */
  readonly pending = new Set<Watcher>();
  private stamps = 0;
  private depth = 0;
  private telling = false;
  private readonly undo: (() => void)[] = [];
  private readonly marking: Memoised[] = [];

  constructor(spare: number) {
    this.sweeper = new Sweeper(spare);
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.depth > 0;
  }

  /** Throws while a query runs: queries are pure. */
  assertNoQuery(what: string): void {
    if (this.active !== undefined) throw new Error(`graph: ${what} inside a query; queries only read`);
  }

  /** Throws where writing is not allowed. */
  assertWritable(what: string): void {
    this.assertNoQuery(what);
    if (this.depth === 0) throw new Error(`graph: ${what} outside a transaction`);
  }

  /** Begins the computation of a memo. */
  begin(memo: Memoised): Run {
    this.runs++;
    return (current = this.active = new Run(memo, this.active, ++this.stamps, current));
  }

  /** Records a read by the running query, if any. Most re-runs read the same nodes in the same order: those cost a comparison. */
  track(node: Node): void {
    const run = this.active;
    if (run === undefined || node.stamp === run.stamp) return;
    node.stamp = run.stamp;
    if (run.rest === undefined && run.memo.deps[run.matched] === node) run.matched++;
    else if (run.rest === undefined) run.rest = [node];
    else run.rest.push(node);
  }

  /**
   * Ends a computation: turns what it read into edges. A query that ran in between may have put its own stamp on a node that this one
   * had read, so a node can be in `rest` twice, or in `rest` and among the matched; a fresh stamp over all of them finds every repeat.
   */
  link(run: Run): void {
    this.active = run.outer;
    current = run.before;
    const { memo, rest } = run;
    memo.kept = Array.isArray(run.kept) ? run.kept.slice() : run.kept; // exact size, as below
    const before = memo.deps;
    let kept = run.matched;
    if (rest === undefined && kept === before.length) return;
    const stamp = ++this.stamps;
    for (let i = 0; i < kept; i++) (before[i] as Node).stamp = stamp;
    const added: Node[] = [];
    for (const node of rest ?? []) {
      if (node.stamp === stamp) continue;
      node.stamp = stamp;
      if (added.length === 0 && before[kept] === node) kept++;
      else added.push(node);
    }
    if (added.length === 0 && kept === before.length) return;
    for (let i = kept; i < before.length; i++) {
      const node = before[i] as Node;
      if (node.stamp !== stamp) this.sweeper.unlink(node, memo);
    }
    for (const node of added) addDependant(node, memo);
    memo.deps = before.slice(0, kept).concat(added); // exact size: pushing leaves room for 16 more in each memo
    this.sweeper.edges += memo.deps.length - before.length;
  }

  /** A cell got another value: its readers must compute, whoever reads those must check. Computes nothing. */
  invalidate(cell: Node): void {
    cell.changedAt = this.clock;
    const readers = cell.dependants;
    if (readers === undefined) return;
    if (readers instanceof Set) for (const reader of readers) this.markStale(reader);
    else this.markStale(readers);
    this.spread();
  }

  private markStale(memo: Memoised): void {
    const was = memo.state;
    memo.state = STALE;
    if (was === CLEAN) this.marking.push(memo);
  }

  private markCheck(memo: Memoised): void {
    if (memo.state !== CLEAN) return; // then everything above it is marked already
    memo.state = CHECK;
    this.marking.push(memo);
  }

  private spread(): void {
    const stack = this.marking;
    for (let memo = stack.pop(); memo !== undefined; memo = stack.pop()) {
      if (memo.watchers !== undefined) for (const watcher of memo.watchers) this.pending.add(watcher);
      const readers = memo.dependants;
      if (readers === undefined) continue;
      if (readers instanceof Set) for (const reader of readers) this.markCheck(reader);
      else this.markCheck(readers);
    }
  }

  /** Counts one effective write and remembers how to take it back. */
  wrote(undo: () => void): void {
    this.clock++;
    this.undo.push(undo);
  }

  /** Runs `write` as (part of) one revision. A throw takes back what this call wrote, also when it is nested in another. */
  transaction(write: () => void): void {
    this.assertNoQuery('transaction');
    const start = this.undo.length;
    this.depth++;
    try {
      write();
    } catch (error) {
      while (this.undo.length > start) {
        this.clock++;
        this.undo.pop()?.();
      }
      throw error;
    } finally {
      this.depth--;
    }
    if (this.depth > 0 || this.undo.length === 0) return;
    this.undo.length = 0;
    this.revision++;
    this.sweeper.sweep();
    this.tell();
  }

  /** Tells each pending watcher once. A callback may write: whoever that makes stale is told by the same loop. */
  private tell(): void {
    if (this.telling) return;
    this.telling = true;
    const errors: unknown[] = [];
    for (const watcher of this.pending) {
      this.pending.delete(watcher);
      try {
        watcher.onStale();
      } catch (error) {
        errors.push(error);
      }
    }
    this.telling = false;
    if (errors.length > 0)
      throw new AggregateError(errors, `graph: revision ${this.revision} stands, but ${errors.length} onStale callback(s) threw`);
  }
}
