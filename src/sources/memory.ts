/** Rows that a program holds: for tests and for embedding. Each call is one transaction. */
import type { AnyRow } from '../api/kinds.js';
import { keyOf } from '../api/resource.js';
import { parseResources } from './load.js';
import type { RowWriter, Source } from './source.js';

export class MemorySource implements Source {
  #rows = new Map<string, AnyRow>();
  #writer: RowWriter | undefined;

  start(rows: RowWriter, signal: AbortSignal): Promise<void> {
    this.#writer = rows;
    signal.addEventListener('abort', () => (this.#writer = undefined), { once: true });
    rows.transaction(() => {
      for (const row of this.#rows.values()) rows.set(row);
    });
    return Promise.resolve();
  }

  /** Adds or replaces rows. */
  put(...rows: readonly AnyRow[]): void {
    for (const row of rows) this.#rows.set(identity(row), row);
    this.#writer?.transaction(() => {
      for (const row of rows) this.#writer!.set(row);
    });
  }

  /** Adds or replaces the resources of a YAML text; throws when one is refused. */
  putYaml(text: string): void {
    const { resources, problems } = parseResources(text);
    const error = problems.find((problem) => problem.severity === 'error');
    if (error !== undefined) throw new Error(`memory source: ${error.field ?? ''} ${error.message}`);
    this.put(...resources);
  }

  remove(...rows: readonly AnyRow[]): void {
    for (const row of rows) this.#rows.delete(identity(row));
    this.#writer?.transaction(() => {
      for (const row of rows) this.#writer!.delete(row.kind, keyOf(row));
    });
  }
}

const identity = (row: AnyRow): string => `${row.kind}/${keyOf(row)}`;
