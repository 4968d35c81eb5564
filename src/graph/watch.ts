/** Watches: what a connection holds. A watched value stays in memory; its watcher is told after a transaction that may have changed it. */
import type { Engine } from './engine.js';
import { makersBelow, originsOf } from './inspect.js';
import type { Evaluator, Memo } from './memo.js';
import type { Watcher } from './node.js';
import type { Origin, Watch } from './types.js';

/** What {@link Graph.watch} makes. */
export class MemoWatch<V> implements Watch<V>, Watcher {
  private closed = false;
  private makers: { readonly at: number; readonly below: ReadonlyMap<object, Memo> } | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly evaluator: Evaluator,
    private readonly memo: Memo,
    readonly onStale: () => void,
  ) {
    engine.assertNoQuery('watch');
    (memo.watchers ??= new Set()).add(this);
  }

  read(): V {
    this.assertReadable();
    this.engine.pending.delete(this); // what it would be told, it knows now
    return this.evaluator.read(this.memo) as V;
  }

  origins(): readonly Origin[] {
    this.assertReadable();
    this.evaluator.refresh(this.memo);
    return originsOf(this.memo);
  }

  originsOf(part: object): readonly Origin[] {
    this.assertReadable();
    this.evaluator.refresh(this.memo);
    if (this.makers?.at !== this.engine.clock) this.makers = { at: this.engine.clock, below: makersBelow(this.memo) };
    const maker = this.makers.below.get(part);
    return maker === undefined ? [] : originsOf(maker);
  }

  close(): void {
    if (this.closed) return;
    this.makers = undefined;
    this.closed = true;
    this.engine.pending.delete(this);
    const { memo } = this;
    memo.watchers?.delete(this);
    if (memo.watchers?.size === 0) memo.watchers = undefined;
    if (memo.isUsed()) return;
    this.engine.sweeper.touch(memo);
    if (this.engine.active === undefined) this.engine.sweeper.relieve();
  }

  private assertReadable(): void {
    const name = `${this.memo.recipe.name}(${this.memo.key})`;
    if (this.closed) throw new Error(`graph: watch of ${name} read after close`);
    this.engine.assertNoQuery(`watch of ${name} read`);
    // What it returned might be taken back, or be half of a revision; plain query reads are for that.
    if (this.engine.inTransaction) throw new Error(`graph: watch of ${name} read inside a transaction`);
  }
}
