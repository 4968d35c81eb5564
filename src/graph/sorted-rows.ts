/**
 * Rows in key order that can be handed out as they are: the map is copied before the first write after it was handed out, and sorted
 * only when somebody looks and a key came out of order. Readers so get immutable snapshots, and a bulk load costs one sort.
 */
export class SortedRows<T> {
  private rows = new Map<string, T>();
  private shared = false;
  private sorted = true;
  private last: string | undefined;

  get size(): number {
    return this.rows.size;
  }

  get(key: string): T | undefined {
    return this.rows.get(key);
  }

  has(key: string): boolean {
    return this.rows.has(key);
  }

  /** In no particular order. */
  values(): Iterable<T> {
    return this.rows.values();
  }

  set(key: string, row: T): void {
    this.unshare();
    if (!this.rows.has(key)) {
      if (this.last !== undefined && key < this.last) this.sorted = false;
      else this.last = key; // may be a key deleted since: then sorting once too often is the price
    }
    this.rows.set(key, row);
  }

  delete(key: string): void {
    this.unshare();
    this.rows.delete(key);
  }

  /** All rows in key order (UTF-16 code units); later writes do not change the map. */
  snapshot(): ReadonlyMap<string, T> {
    if (!this.sorted) {
      const keys = [...this.rows.keys()].sort();
      const rows = this.rows;
      this.rows = new Map(keys.map((key) => [key, rows.get(key) as T]));
      this.last = keys.at(-1);
      this.sorted = true;
    }
    this.shared = true;
    return this.rows;
  }

  private unshare(): void {
    if (!this.shared) return;
    this.rows = new Map(this.rows);
    this.shared = false;
  }
}
