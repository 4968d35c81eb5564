/** Collections: keyed rows, the only state of the graph. Reads by queries become cells; writes touch the cells they concern. */
import { BucketIndex } from './bucket-index.js';
import type { Engine } from './engine.js';
import { Cell, type Place } from './node.js';
import { SortedRows } from './sorted-rows.js';
import type { Collection, Equals, Index, Origin } from './types.js';

/** What {@link Graph.collection} makes. */
export class RowTable<T> implements Collection<T> {
  private readonly rows = new SortedRows<T>();
  private readonly cells = new Map<string, RowCell>();
  private readonly all: AllCell = new AllCell(this);
  private readonly indexes = new Map<string, BucketIndex<T>>();

  constructor(
    private readonly engine: Engine,
    readonly name: string,
    private readonly keyOf: (row: T) => string,
    private readonly equals: Equals<T>,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  /** How many cells are held, buckets included. */
  get cellCount(): number {
    let count = this.cells.size;
    for (const index of this.indexes.values()) count += index.cellCount;
    return count;
  }

  get indexNames(): string[] {
    return [...this.indexes.keys()];
  }

  get(key: string): T | undefined {
    this.track(key);
    return this.rows.get(key);
  }

  has(key: string): boolean {
    this.track(key);
    return this.rows.has(key);
  }

  list(): ReadonlyMap<string, T> {
    this.engine.track(this.all);
    return this.rows.snapshot();
  }

  index(name: string, keysOf: (row: T) => Iterable<string>): Index<T> {
    this.engine.assertNoQuery(`index ${this.name}.${name} declared`);
    if (this.indexes.has(name)) throw new Error(`graph: collection ${this.name} has an index ${name} already`);
    const index = new BucketIndex<T>(this.engine, this.name, name, keysOf);
    for (const row of this.rows.values()) index.change(this.keyOf(row), row, [], index.keys(row));
    this.indexes.set(name, index);
    return index;
  }

  set(row: T): void {
    if (row === undefined) throw new TypeError(`graph: collection ${this.name} cannot hold undefined`);
    const key = this.keyOf(row);
    this.engine.assertWritable(`write to ${this.name}(${key})`);
    const before = this.rows.get(key);
    if (before !== undefined && this.equals(before, row)) return;
    this.write(key, before, row);
  }

  delete(key: string): void {
    this.engine.assertWritable(`delete from ${this.name}(${key})`);
    const before = this.rows.get(key);
    if (before !== undefined) this.write(key, before, undefined);
  }

  /** The row without a record of the read, for the inspector. */
  peek(key: string): T | undefined {
    return this.rows.get(key);
  }

  /** All rows without a record of the read, for the inspector. */
  peekAll(): ReadonlyMap<string, T> {
    return this.rows.snapshot();
  }

  private write(key: string, before: T | undefined, after: T | undefined): void {
    // The indexes' functions are foreign and may throw, so they come first: nothing is half written.
    const changes = [...this.indexes.values()].map((index) => ({
      index,
      leaves: before === undefined ? [] : index.keys(before),
      enters: after === undefined ? [] : index.keys(after),
    }));
    this.engine.wrote(() => {
      this.apply(key, before);
      for (const { index, leaves, enters } of changes) index.change(key, before, enters, leaves);
    });
    this.apply(key, after);
    for (const { index, leaves, enters } of changes) index.change(key, after, leaves, enters);
  }

  private apply(key: string, after: T | undefined): void {
    if (after === undefined) this.rows.delete(key);
    else this.rows.set(key, after);
    const cell = this.cells.get(key);
    if (cell !== undefined) this.engine.invalidate(cell);
    this.engine.invalidate(this.all);
  }

  private track(key: string): void {
    if (this.engine.active === undefined) return;
    let cell = this.cells.get(key);
    if (cell === undefined) this.cells.set(key, (cell = new RowCell(this, this.cells, key)));
    this.engine.track(cell);
  }
}

/** What cells need of their collection. */
interface Peek {
  readonly name: string;
  peek(key: string): unknown;
  peekAll(): ReadonlyMap<string, unknown>;
}

/** A read of one row, present or not. */
class RowCell extends Cell {
  constructor(
    private readonly table: Peek,
    private readonly home: Map<string, RowCell>,
    private readonly key: string,
  ) {
    super();
  }

  override drop(): void {
    this.home.delete(this.key);
  }

  override place(): Place {
    return { collection: this.table.name, key: this.key };
  }

  override origins(): Origin[] {
    return [{ collection: this.table.name, key: this.key, row: this.table.peek(this.key) }];
  }
}

/** A read of all rows. One per collection, so never dropped. */
class AllCell extends Cell {
  constructor(private readonly table: Peek) {
    super();
  }

  override drop(): void {}

  override place(): Place {
    return { collection: this.table.name, key: '*' };
  }

  override origins(): Origin[] {
    return [...this.table.peekAll()].map(([key, row]) => ({ collection: this.table.name, key, row }));
  }
}
