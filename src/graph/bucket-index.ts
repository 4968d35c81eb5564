/** Secondary indexes: a query that asks for one bucket depends on that bucket, not on the collection. */
import type { Engine } from './engine.js';
import { Cell, type Place } from './node.js';
import { SortedRows } from './sorted-rows.js';
import type { Index, Origin } from './types.js';

const EMPTY: ReadonlyMap<string, never> = new Map<string, never>();

/** What {@link Collection.index} makes. */
export class BucketIndex<T> implements Index<T> {
  private readonly buckets = new Map<string, SortedRows<T>>();
  private readonly cells = new Map<string, BucketCell>();

  constructor(
    private readonly engine: Engine,
    private readonly collection: string,
    private readonly name: string,
    private readonly keysOf: (row: T) => Iterable<string>,
  ) {}

  get cellCount(): number {
    return this.cells.size;
  }

  get(key: string): ReadonlyMap<string, T> {
    if (this.engine.active !== undefined) {
      let cell = this.cells.get(key);
      if (cell === undefined) this.cells.set(key, (cell = this.newCell(key)));
      this.engine.track(cell);
    }
    return this.peek(key);
  }

  /** The buckets of a row, without repeats. */
  keys(row: T): string[] {
    const keys = this.keysOf(row);
    return Array.isArray(keys) && keys.length < 2 ? keys : [...new Set(keys)];
  }

  /** Moves one row: out of the buckets it leaves, into those it enters. A bucket it stays in is touched too, for the row differs. */
  change(rowKey: string, row: T | undefined, leaves: readonly string[], enters: readonly string[]): void {
    for (const key of leaves) {
      if (enters.includes(key)) continue;
      const bucket = this.buckets.get(key);
      bucket?.delete(rowKey);
      if (bucket?.size === 0) this.buckets.delete(key);
      this.touch(key);
    }
    if (row === undefined) return;
    for (const key of enters) {
      let bucket = this.buckets.get(key);
      if (bucket === undefined) this.buckets.set(key, (bucket = new SortedRows()));
      bucket.set(rowKey, row);
      this.touch(key);
    }
  }

  private touch(key: string): void {
    const cell = this.cells.get(key);
    if (cell !== undefined) this.engine.invalidate(cell);
  }

  private peek(key: string): ReadonlyMap<string, T> {
    return this.buckets.get(key)?.snapshot() ?? EMPTY;
  }

  private newCell(key: string): BucketCell {
    return new BucketCell(this.collection, this.name, key, this.cells, () => this.peek(key));
  }
}

/** A read of one bucket. */
class BucketCell extends Cell {
  constructor(
    private readonly collection: string,
    private readonly index: string,
    private readonly key: string,
    private readonly home: Map<string, BucketCell>,
    private readonly rows: () => ReadonlyMap<string, unknown>,
  ) {
    super();
  }

  override drop(): void {
    this.home.delete(this.key);
  }

  override place(): Place {
    return { collection: this.collection, index: this.index, key: this.key };
  }

  override origins(): Origin[] {
    return [...this.rows()].map(([key, row]) => ({ collection: this.collection, key, row }));
  }
}
