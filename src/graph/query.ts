/** Queries: memoised pure functions with recorded reads. The memos live here by key until the sweeper drops them. */
import type { Engine } from './engine.js';
import { type Evaluator, Memo, type Recipe } from './memo.js';
import type { Equals, Query } from './types.js';

/** What {@link Graph.query} makes. */
export class QueryTable<K extends string, V> implements Query<K, V>, Recipe {
  readonly memos = new Map<string, Memo>();
  readonly compute: (key: string) => unknown;
  readonly equals: Equals<unknown>;

  constructor(
    private readonly engine: Engine,
    private readonly evaluator: Evaluator,
    readonly name: string,
    compute: (key: K) => V,
    equals: Equals<V>,
  ) {
    // The memos of all queries are alike to the evaluator; only get() below and watches hand values out, with the type put back.
    this.compute = compute as (key: string) => unknown;
    this.equals = equals as Equals<unknown>;
  }

  get(key: K): V {
    const memo = this.memo(key);
    if (this.engine.active !== undefined) return this.evaluator.read(memo) as V;
    try {
      return this.evaluator.read(memo) as V;
    } finally {
      this.engine.sweeper.touch(memo);
      this.engine.sweeper.relieve();
    }
  }

  /** The node of a key, made when needed. */
  memo(key: K): Memo {
    let memo = this.memos.get(key);
    if (memo === undefined) this.memos.set(key, (memo = new Memo(this, key)));
    return memo;
  }
}
