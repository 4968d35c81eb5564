/** The small graph that the tests of the engine play with: rows with a namespace and a value, and an index by namespace. */
import { Graph } from '../graph.js';

export interface Row {
  readonly id: string;
  readonly ns: string;
  readonly v: number;
}

export const row = (id: string, ns = 'a', v = 0): Row => ({ id, ns, v });

/** An empty graph of rows; `put` and `drop` are one transaction each. */
export function world() {
  const graph = new Graph();
  const rows = graph.collection<Row>('rows', (r) => r.id);
  const byNs = rows.index('byNamespace', (r) => [r.ns]);
  const put = (...list: Row[]) => graph.transaction(() => list.forEach((r) => rows.set(r)));
  const drop = (...keys: string[]) => graph.transaction(() => keys.forEach((k) => rows.delete(k)));
  return { graph, rows, byNs, put, drop };
}
