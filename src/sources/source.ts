/**
 * Where rows come from. A source writes rows in transactions and knows nothing of what becomes of them.
 */
import type { AnyRow, Kind } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';

/** The writing side of the collections. `set` and `delete` are only called inside a transaction. */
export interface RowWriter {
  transaction(write: () => void): void;
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
