/** What nobody uses leaves memory, but not while it may be about to be used again. */
import { expect, jest, test } from '@jest/globals';
import { Graph } from './graph.js';

interface Row {
  readonly id: string;
  readonly v: number;
}

function world(spare?: number) {
  const graph = new Graph({ spare });
  const rows = graph.collection<Row>('rows', (r) => r.id);
  const byValue = rows.index('byValue', (r) => [String(r.v)]);
  const computed = jest.fn();
  const inner = graph.query('inner', (k: string) => {
    computed(k);
    return rows.get(k)?.v ?? byValue.get(k).size;
  });
  const outer = graph.query('outer', (k: string) => inner.get(k) + 1);
  const put = (id: string, v: number) => graph.transaction(() => rows.set({ id, v }));
  return { graph, rows, inner, outer, computed, put };
}

test('a closed watch frees its cone after two more revisions', () => {
  const { graph, outer, put } = world();
  const watch = graph.watch(outer, 'x', () => {});
  watch.read();
  put('a', 1);
  put('a', 2);
  put('a', 3);
  expect(graph.stats()).toMatchObject({ memos: 2, cells: 2, edges: 3, watches: 1 });
  watch.close();
  put('a', 4);
  expect(graph.stats().memos).toBe(2);
  put('a', 5);
  expect(graph.stats()).toMatchObject({ memos: 0, cells: 0, edges: 0, idle: 0, watches: 0 });
});

test('what is read from outside once per revision stays', () => {
  const { outer, computed, put } = world();
  for (let v = 0; v < 5; v++) {
    outer.get('x');
    put('a', v);
  }
  expect(computed).toHaveBeenCalledTimes(1);
});

test('what another value still reads stays', () => {
  const { graph, inner, outer, put } = world();
  const above = graph.watch(outer, 'x', () => {});
  const below = graph.watch(inner, 'x', () => {});
  above.read();
  below.read();
  below.close();
  for (let v = 0; v < 5; v++) put('a', v);
  expect(graph.stats()).toMatchObject({ memos: 2, edges: 3 });
});

test('churned keys do not grow memory, with writes and without', () => {
  const { graph, outer, put } = world(100);
  for (let i = 0; i < 5000; i++) {
    const watch = graph.watch(outer, `k${i}`, () => {});
    watch.read();
    watch.close();
    outer.get(`g${i}`);
  }
  expect(graph.stats().memos).toBeLessThan(1000);
  for (let i = 0; i < 1000; i++) {
    outer.get(`w${i}`);
    put('a', i);
  }
  expect(graph.stats().memos).toBeLessThan(20);
});

test('a value that moves between readers within one pass is not computed again', () => {
  const { graph, rows, inner, computed, put } = world(0);
  const holder = graph.query('holder', (k: string) => (String(rows.get('where')?.v) === k ? inner.get('x') : -1));
  const watches = ['0', '1'].map((k) => graph.watch(holder, k, () => {}));
  const pass = () => watches.map((watch) => watch.read());
  put('where', 0);
  expect(pass()).toEqual([0, -1]);
  put('where', 1);
  expect(pass()).toEqual([-1, 0]);
  expect(computed).toHaveBeenCalledTimes(1);
});

test('a value that was listed, used again and then freed by its reader is dropped once', () => {
  const { graph, rows, inner } = world();
  const maybe = graph.query('maybe', () => (rows.get('on')?.v === 1 ? inner.get('x') : 0));
  graph.transaction(() => {
    for (const v of [1, 0, 1]) {
      rows.set({ id: 'on', v });
      maybe.get(''); // in a transaction each, sweeps in between would tidy the list
    }
  });
  graph.sweep();
  expect(graph.stats()).toMatchObject({ memos: 0, cells: 0, edges: 0, idle: 0 });
});

test('a row cell that an outer query read survives its inner reader', () => {
  const { graph, rows, put } = world(0);
  const inside = graph.query('inside', () => (rows.get('on')?.v === 1 ? rows.get('x')?.v : 0));
  const outside = graph.query('outside', () => [rows.get('on')?.v, rows.get('x')?.v, inside.get('')].join());
  put('on', 1);
  const watch = graph.watch(outside, '', () => {});
  watch.read();
  put('on', 0);
  expect(watch.read()).toBe('0,,0');
  put('x', 7);
  expect(watch.read()).toBe('0,7,0');
});

test('10,000 values deep: marked, verified and evicted without recursion', () => {
  const graph = new Graph();
  const rows = graph.collection<Row>('rows', (r) => r.id);
  const chain = graph.query('chain', (k: string): number => (k === '0' ? (rows.get('x')?.v ?? 0) : chain.get(String(Number(k) - 1))));
  const depth = 10_000;
  for (let k = 0; k <= depth; k++) chain.get(String(k));
  const stale = jest.fn();
  const watch = graph.watch(chain, String(depth), stale);
  watch.read();
  for (const v of [1, 2]) {
    graph.transaction(() => rows.set({ id: 'x', v }));
    expect(watch.read()).toBe(v);
  }
  expect(stale).toHaveBeenCalledTimes(2);
  expect(graph.origins(chain, String(depth))).toEqual([{ collection: 'rows', key: 'x', row: { id: 'x', v: 2 } }]);
  watch.close();
  graph.sweep();
  expect(graph.stats()).toMatchObject({ memos: 0, edges: 0 });
});

test('200 values of 2,000 reads each: a change elsewhere keeps every edge', () => {
  const { graph, rows, put } = world();
  const leaf = graph.query('leaf', (k: string) => rows.get(k)?.v ?? 0);
  const keys = Array.from({ length: 2000 }, (_, i) => `k${i}`);
  const wide = graph.query<string, number>('wide', () => keys.reduce((sum, k) => sum + leaf.get(k), 0));
  const watches = Array.from({ length: 200 }, (_, i) => graph.watch(wide, String(i), () => {}));
  for (const watch of watches) watch.read();
  const { edges } = graph.stats();
  expect(edges).toBe(402_000);
  put('k77', 5);
  for (const watch of watches) expect(watch.read()).toBe(5);
  expect(graph.stats().edges).toBe(edges);
});
