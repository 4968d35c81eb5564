/**
 * The public vocabulary of the engine: what sources write (collections), what the mesh model computes (queries) and what a
 * connection holds (watches). Types only; {@link Graph} in graph.ts makes the values. See README.md for the laws.
 */

/** Says whether two values are the same for everybody who reads them. Must be pure. */
export type Equals<T> = (before: T, after: T) => boolean;

/** Refuses promises at compile time: a query cannot await. */
export type NotPromise<V> = V extends PromiseLike<unknown> ? never : unknown;

/** Keyed rows: the only state of the graph. Rows are immutable values; write a new row instead of changing one. */
export interface Collection<T> {
  readonly name: string;
  /** The row of this key. A query that calls it depends on this row only (also while it is absent). */
  get(key: string): T | undefined;
  /** Every row in key order. A query that calls it depends on every row: rarely right. */
  list(): ReadonlyMap<string, T>;
  /** Whether the row exists. Same dependency as {@link get}. */
  has(key: string): boolean;
  /** Declares a secondary index; `keysOf` must be pure. Rows already there are indexed at once. */
  index(name: string, keysOf: (row: T) => Iterable<string>): Index<T>;
  /** Writes a row, in a transaction only. A row equal to the present one is ignored. */
  set(row: T): void;
  /** Removes a row, in a transaction only. An absent key is ignored. */
  delete(key: string): void;
  /** The number of rows. Not recorded as a read: for metrics, not for queries. */
  readonly size: number;
}

/** Rows grouped by a computed key. */
export interface Index<T> {
  /** The rows of one bucket in key order; a snapshot that later writes do not change. A query depends on this bucket only. */
  get(key: string): ReadonlyMap<string, T>;
}

/** A pure function of a key and of what it reads from the graph, computed once per key and state of its reads. */
export interface Query<K extends string, V> {
  readonly name: string;
  /** The up-to-date value; throws what the computation threw. A query that calls it depends on this value. */
  get(key: K): V;
}

/** Interest in one value of a query: keeps it in memory and is told when it may have changed. */
export interface Watch<V> {
  /** The up-to-date value; throws what the computation threw. Not inside a transaction or a query. */
  read(): V;
  /** The rows that the value was made from. */
  origins(): readonly Origin[];
  /** The rows that one part of the value was made from: an object that some query below returned, alone or in a list. None for other objects. */
  originsOf(part: object): readonly Origin[];
  /** Ends the interest. Idempotent. */
  close(): void;
}

/** One row that a value was made from. `row` is undefined where an absent key was read. */
export interface Origin {
  readonly collection: string;
  readonly key: string;
  readonly row: unknown;
}

/** The recorded reads of a value as a tree, for people. */
export interface Explanation {
  readonly query: string;
  readonly key: string;
  /** The value is a thrown error. */
  readonly failed: boolean;
  /** This value was already shown elsewhere in the tree, so its reads are left out here. */
  readonly repeated: boolean;
  readonly deps: readonly (Explanation | ExplainedRead)[];
}

/** A read of stored rows: one row, one bucket of an index (`index` is set), or all rows (`key` is '*'). */
export interface ExplainedRead {
  readonly collection: string;
  readonly index?: string;
  readonly key: string;
  /** How many rows the read saw. */
  readonly rows: number;
}

/** Counters for metrics and debug pages. */
export interface GraphStats {
  readonly revision: number;
  /** Computations since the graph was made. */
  readonly runs: number;
  /** Query values in memory, idle ones included. */
  readonly memos: number;
  /** Query values in memory per query. */
  readonly memosByQuery: Readonly<Record<string, number>>;
  /** Read records of rows and buckets in memory. */
  readonly cells: number;
  /** Recorded reads. */
  readonly edges: number;
  /** Nodes that nobody uses and that a later sweep may drop. */
  readonly idle: number;
  readonly watches: number;
  /** Rows per collection. */
  readonly rows: Readonly<Record<string, number>>;
}

/** Settings of a graph. */
export interface GraphOptions {
  /**
   * How many unused values may gather between two transactions before they are swept.
   * @default 4096
   */
  spare?: number;
}
