/**
 * The dependency graph between sources and views: rows are written in transactions, queries are pure functions whose reads are
 * recorded, and a watch is told when what it shows may have changed. Synchronous and single-revision; the laws are in README.md.
 */
import { RowTable } from './collection.js';
import { Engine } from './engine.js';
import { explain, mermaid, originsOf } from './inspect.js';
import { Evaluator, type Memo } from './memo.js';
import { QueryTable } from './query.js';
import type { Collection, Equals, Explanation, GraphOptions, GraphStats, NotPromise, Origin, Query, Watch } from './types.js';
import { MemoWatch } from './watch.js';

export { CycleError } from './cycle.js';
export { keepWithValue } from './engine.js';
export type {
  Collection,
  Equals,
  ExplainedRead,
  Explanation,
  GraphOptions,
  GraphStats,
  Index,
  NotPromise,
  Origin,
  Query,
  Watch,
} from './types.js';

/** One state of the world at a time. */
export class Graph {
  private readonly engine: Engine;
  private readonly evaluator: Evaluator;
  private readonly collections = new Map<string, RowTable<never>>();
  private readonly queries = new Map<string, QueryTable<string, unknown>>();

  constructor({ spare = 4096 }: GraphOptions = {}) {
    this.engine = new Engine(spare);
    this.evaluator = new Evaluator(this.engine);
  }

  /** Counts the transactions that changed something. */
  get revision(): number {
    return this.engine.revision;
  }

  /** Declares a collection. `equals` (default `Object.is`) says which writes change nothing. */
  collection<T>(name: string, keyOf: (row: T) => string, options: { equals?: Equals<T> } = {}): Collection<T> {
    this.assertNew('collection', name, this.collections);
    const table = new RowTable<T>(this.engine, name, keyOf, options.equals ?? Object.is);
    this.collections.set(name, table as unknown as RowTable<never>);
    return table;
  }

  /** Declares a query. `equals` (default `Object.is`) says which results need not concern its readers. */
  query<K extends string, V>(name: string, compute: (key: K) => V & NotPromise<V>, options: { equals?: Equals<NoInfer<V>> } = {}): Query<K, V> {
    this.assertNew('query', name, this.queries);
    const table = new QueryTable<K, V>(this.engine, this.evaluator, name, compute, options.equals ?? Object.is);
    this.queries.set(name, table as unknown as QueryTable<string, unknown>);
    return table;
  }

  /**
   * All that `write` writes becomes one revision; then each watch that may show something else is told once. When `write` throws,
   * nothing of it takes effect. A nested transaction is part of the outer one. When a callback throws, the others are told all the
   * same, the revision stands, and an AggregateError is thrown at the end.
   */
  transaction(write: () => void): void {
    this.engine.transaction(write);
  }

  /**
   * Keeps a value in memory and calls `onStale` after a transaction that may have changed it: once until it is brought up to date
   * again. Computes nothing by itself: read it once to begin.
   */
  watch<K extends string, V>(query: Query<K, V>, key: K, onStale: () => void): Watch<V> {
    return new MemoWatch<V>(this.engine, this.evaluator, this.memo(query, key), onStale);
  }

  /** The rows that a value was made from, ordered by collection and key. */
  origins<K extends string, V>(query: Query<K, V>, key: K): readonly Origin[] {
    return this.inspect(query, key, originsOf);
  }

  /** The recorded reads of a value as a tree. */
  explain<K extends string, V>(query: Query<K, V>, key: K): Explanation {
    return this.inspect(query, key, (memo) => explain(memo));
  }

  /** Queries and collections as a Mermaid flowchart, as far as reads were recorded. */
  describe(): string {
    return mermaid([...this.collections.keys()], [...this.queries.values()]);
  }

  /** Drops every value that nobody uses, without waiting. */
  sweep(): void {
    this.engine.assertNoQuery('sweep');
    this.engine.sweeper.sweep(true);
  }

  /** Counters for metrics and debug pages. Walks all values. */
  stats(): GraphStats {
    const { engine } = this;
    const memosByQuery: Record<string, number> = {};
    const rows: Record<string, number> = {};
    const total = { memos: 0, cells: 0, watches: 0 };
    for (const { name, memos } of this.queries.values()) {
      memosByQuery[name] = memos.size;
      total.memos += memos.size;
      for (const memo of memos.values()) total.watches += memo.watchers?.size ?? 0;
    }
    for (const table of this.collections.values()) {
      rows[table.name] = table.size;
      total.cells += table.cellCount;
    }
    const { revision, runs, sweeper } = engine;
    return { revision, runs, ...total, memosByQuery, edges: sweeper.edges, idle: sweeper.size, rows };
  }

  private inspect<R>(query: Query<never, unknown>, key: string, look: (memo: Memo) => R): R {
    this.engine.assertNoQuery('inspection');
    const memo = this.memo(query, key);
    this.evaluator.refresh(memo);
    const seen = look(memo);
    this.engine.sweeper.touch(memo);
    this.engine.sweeper.relieve();
    return seen;
  }

  private memo(query: Query<never, unknown>, key: string): Memo {
    const table = this.queries.get(query.name);
    if (table === undefined || (table as unknown) !== query) throw new Error(`graph: query ${query.name} is not of this graph`);
    return table.memo(key);
  }

  private assertNew(what: string, name: string, present: ReadonlyMap<string, unknown>): void {
    this.engine.assertNoQuery(`${what} ${name} declared`);
    if (present.has(name)) throw new Error(`graph: ${what} ${name} is declared already`);
  }
}
