/**
 * Between sources and collections: rows of namespaces that are not to be discovered wait here, unseen by everybody (SD-030, SD-031).
 * https://istio.io/latest/blog/2021/discovery-selectors/
 */
import type { AnyRow, Kind } from '../api/kinds.js';
import type { MeshConfig } from '../api/mesh-config.js';
import { keyOf, type ObjectMeta } from '../api/resource.js';
import type { Collection } from '../graph/graph.js';
import { namespaceLabels, selectsLabels } from './gateway-api/label-selector.js';

type Table = Collection<AnyRow>;
type Selectors = NonNullable<MeshConfig['discoverySelectors']>;

/** Where sources write. Calls stand in a transaction of the graph, which ends with {@link settle}. */
export class DiscoveredRows {
  readonly #waiting = new Map<string, AnyRow>();
  /** Selected namespaces, each behind its cluster: a namespace is chosen by what its own cluster says of it. undefined is all of them. */
  #selected: ReadonlySet<string> | undefined;
  #isStale = false;

  /** `watched`: the only namespaces that are read at all; empty for every one. */
  constructor(
    private readonly tables: ReadonlyMap<string, Table>,
    private readonly watched: readonly string[] = [],
  ) {}

  set(row: AnyRow): void {
    const id = `${row.kind} ${keyOf(row)}`;
    if (row.kind === 'MeshConfig' || row.kind === 'Namespace') this.#isStale = true;
    if (this.#isVisible(row.metadata)) {
      this.#waiting.delete(id);
      this.#table(row.kind).set(row);
    } else {
      this.#table(row.kind).delete(keyOf(row));
      this.#waiting.set(id, row);
    }
  }

  delete(kind: Kind, key: string): void {
    if (kind === 'MeshConfig' || kind === 'Namespace') this.#isStale = true;
    this.#waiting.delete(`${kind} ${key}`);
    this.#table(kind).delete(key);
  }

  /** Moves rows in and out when namespaces or the choice among them have changed. */
  settle(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#selected = this.#select();
    for (const table of this.tables.values()) {
      for (const [key, row] of table.list()) {
        if (this.#isVisible(row.metadata)) continue;
        table.delete(key);
        this.#waiting.set(`${row.kind} ${key}`, row);
      }
    }
    for (const [id, row] of this.#waiting) {
      if (!this.#isVisible(row.metadata)) continue;
      this.#waiting.delete(id);
      this.#table(row.kind).set(row);
    }
  }

  /** What belongs to no namespace is seen by all. */
  #isVisible({ cluster, namespace }: ObjectMeta): boolean {
    if (namespace === '') return true;
    if (this.watched.length > 0 && !this.watched.includes(namespace)) return false;
    return this.#selected === undefined || this.#selected.has(inCluster(cluster, namespace));
  }

  /** A namespace that has no row of its own has no labels, and a selector does not find it. */
  #select(): ReadonlySet<string> | undefined {
    const [config] = this.#table('MeshConfig').list().values();
    const selectors = (config?.spec as MeshConfig | undefined)?.discoverySelectors as Selectors | undefined;
    if (selectors === undefined || selectors.length === 0) return undefined;
    const named = [...this.#table('Namespace').list().values()].map(({ metadata }) => metadata);
    return new Set(
      named
        .filter(({ name, labels }) => selectors.some((selector) => selectsLabels(selector, namespaceLabels(name, labels))))
        .map(({ cluster, name }) => inCluster(cluster, name)),
    );
  }

  #table(kind: Kind): Table {
    const table = this.tables.get(kind);
    if (table === undefined) throw new Error(`rows: no collection for ${kind}`);
    return table;
  }
}

const inCluster = (cluster: string | undefined, namespace: string): string => `${cluster ?? ''}/${namespace}`;
