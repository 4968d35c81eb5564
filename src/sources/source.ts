/**
 * Where rows come from. A source writes rows in transactions and knows nothing of what becomes of them.
 */
import type { AnyRow, Kind } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';

/** What is behind a transaction. Times are milliseconds on the scale of performance.now. */
export interface WriteCause {
  /** The first event of it. */
  readonly since: number;
  /** When reading began, after the quiet moment. */
  readonly readAt: number;
  readonly set: readonly AnyRow[];
  readonly deleted: readonly AnyRow[];
}

/** The writing side of the collections. `set` and `delete` are only called inside a transaction. */
export interface RowWriter {
  transaction(write: () => void, cause?: WriteCause): void;
  set(row: AnyRow): void;
  /** `key` is `namespace/name`, see {@link keyOf}. */
  delete(kind: Kind, key: string): void;
}

export interface Source {
  /** Writes what there is, then keeps it up to date until the signal aborts. Resolves when the first rows are written. */
  start(rows: RowWriter, signal: AbortSignal): Promise<void>;
}

/** What one transaction of a source did. */
export interface SourceChange {
  readonly set: readonly AnyRow[];
  readonly deleted: readonly AnyRow[];
  readonly problems: readonly Problem[];
}

/** A source that says what it did and what is wrong. */
export interface ReportingSource extends Source {
  /** What is wrong now. */
  problems(): readonly Problem[];
  /** Calls back after each transaction, and when problems came or went. Returns how to stop that. */
  onChange(listener: (change: SourceChange) => void): () => void;
}
