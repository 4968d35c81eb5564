/** Recorded reads, cut-off, and what a query may not do. */
import { expect, jest, test } from '@jest/globals';
import { type Query } from './graph.js';
import { row, world } from './testing/world.js';

test('compute once until a read row changes', () => {
  const { graph, rows, put } = world();
  const compute = jest.fn((key: string) => rows.get(key)?.v);
  const value = graph.query('value', compute);
  expect(value.get('x')).toBeUndefined();
  put(row('x', 'a', 1));
  expect(value.get('x')).toBe(1);
  put(row('y', 'a', 2));
  expect(value.get('x')).toBe(1);
  expect(compute).toHaveBeenCalledTimes(2);
});

test('has and list are recorded, size is not', () => {
  const { graph, rows, put } = world();
  const has = graph.query('has', (k: string) => rows.has(k));
  const list = graph.query('list', () => [...rows.list().keys()].join());
  const size = graph.query('size', () => rows.size);
  expect([has.get('x'), list.get(''), size.get('')]).toEqual([false, '', 0]);
  put(row('x'));
  expect([has.get('x'), list.get(''), size.get('')]).toEqual([true, 'x', 0]);
});

test('an index read depends on its bucket only', () => {
  const { graph, byNs, put } = world();
  const compute = jest.fn((ns: string) => [...byNs.get(ns).keys()].join());
  const ids = graph.query('ids', compute);
  expect(ids.get('a')).toBe('');
  put(row('x', 'b'));
  expect(ids.get('a')).toBe('');
  expect(compute).toHaveBeenCalledTimes(1);
  put(row('x', 'a'));
  expect(ids.get('a')).toBe('x');
  put(row('x', 'b'));
  expect(ids.get('a')).toBe('');
  expect(compute).toHaveBeenCalledTimes(3);
});

test('an equal result ends the wave', () => {
  const { graph, rows, put } = world();
  const parity = graph.query('parity', (k: string) => (rows.get(k)?.v ?? 0) % 2);
  const top = jest.fn((k: string) => ({ parity: parity.get(k) }));
  const view = graph.query('view', top);
  const before = view.get('x');
  put(row('x', 'a', 2));
  expect(view.get('x')).toBe(before);
  put(row('x', 'a', 3));
  expect(view.get('x')).toEqual({ parity: 1 });
  expect(top).toHaveBeenCalledTimes(2);
});

test('given equality keeps the old value', () => {
  const { graph, rows, put } = world();
  const list = graph.query('list', (k: string) => [rows.get(k)?.ns], { equals: (a, b) => a[0] === b[0] });
  put(row('x', 'a', 1));
  const before = list.get('x');
  put(row('x', 'a', 2));
  expect(list.get('x')).toBe(before);
});

test('a diamond computes its top once and never sees half a change', () => {
  const { graph, rows, put } = world();
  const left = graph.query('left', (k: string) => rows.get(k)?.v ?? 0);
  const right = graph.query('right', (k: string) => -(rows.get(k)?.v ?? 0));
  const top = jest.fn((k: string) => left.get(k) + right.get(k));
  const sum = graph.query('sum', top);
  expect(sum.get('x')).toBe(0);
  put(row('x', 'a', 5));
  expect(sum.get('x')).toBe(0);
  expect(top).toHaveBeenCalledTimes(2);
});

test('reads that no longer happen are forgotten', () => {
  const { graph, rows, put } = world();
  const compute = jest.fn(() => (rows.get('switch')?.v === 1 ? rows.get('on')?.v : rows.get('off')?.v));
  const pick = graph.query('pick', compute);
  put(row('on', 'a', 1), row('off', 'a', 2));
  expect(pick.get('')).toBe(2);
  put(row('switch', 'a', 1));
  expect(pick.get('')).toBe(1);
  put(row('off', 'a', 3));
  expect(pick.get('')).toBe(1);
  expect(compute).toHaveBeenCalledTimes(2);
});

test('a read that the change makes impossible is not tried again', () => {
  const { graph, rows, put, drop } = world();
  const present = graph.query('present', (k: string) => rows.has(k));
  const strict = jest.fn((k: string) => {
    if (!rows.has(k)) throw new Error('computed without need');
    return 1;
  });
  const needs = graph.query('needs', strict);
  const top = graph.query('top', (k: string) => (present.get(k) ? needs.get(k) : 0));
  put(row('x'));
  expect(top.get('x')).toBe(1);
  drop('x');
  expect(top.get('x')).toBe(0);
  expect(strict).toHaveBeenCalledTimes(1);
});

test('a node read by a query and by the one it reads is recorded once in each', () => {
  const { graph, rows, put } = world();
  const inner = graph.query('inner', (k: string) => [rows.get(k), rows.get('z'), rows.get(k)].length);
  const outer = graph.query('outer', (k: string) => {
    rows.get(k);
    inner.get(k);
    rows.get(k);
    inner.get(k);
    return rows.get(k);
  });
  for (const v of [1, 2, 3]) {
    put(row('x', 'a', v), row('z', 'a', v));
    outer.get('x');
    expect(graph.stats().edges).toBe(4);
  }
});

test('moved, dropped and new reads leave exactly the right edges', () => {
  const { graph, rows, put } = world();
  const order = graph.query('order', () => {
    for (const k of ['abc', 'cab', 'ca', 'xcbay', 'a'][rows.get('switch')?.v ?? 0] ?? '') rows.get(k);
    return {};
  });
  order.get('');
  for (const [v, letters] of [
    [1, 3],
    [2, 2],
    [3, 5],
    [4, 1],
    [0, 3],
  ] as const) {
    put(row('switch', 'a', v));
    order.get('');
    expect(graph.stats().edges).toBe(letters + 1);
  }
  const before = order.get('');
  put(row('y'));
  expect(order.get('')).toBe(before);
  put(row('b'));
  expect(order.get('')).not.toBe(before);
});

test('writing, transacting, declaring, watching and sweeping inside a query throw', () => {
  const { graph, rows } = world();
  const attempts: Record<string, () => void> = {
    set: () => rows.set(row('x')),
    delete: () => rows.delete('x'),
    transaction: () => graph.transaction(() => {}),
    collection: () => graph.collection('c', String),
    query: () => graph.query('q', String),
    index: () => rows.index('i', () => []),
    watch: () => graph.watch(bad, 'set', () => {}),
    sweep: () => graph.sweep(),
  };
  const bad: Query<string, number> = graph.query('bad', (k: string) => {
    attempts[k]?.();
    return 1;
  });
  for (const k of Object.keys(attempts)) graph.transaction(() => expect(() => bad.get(k)).toThrow(/inside a query/));
  expect(rows.size).toBe(0);
});

test('a promise is refused at run time too', () => {
  const { graph } = world();
  const bad = graph.query('bad', () => Promise.resolve(1) as unknown as number);
  expect(() => bad.get('')).toThrow('query bad returned a promise');
});

test('names are unique', () => {
  const { graph, rows } = world();
  graph.query('q', String);
  expect(() => graph.query('q', String)).toThrow('query q is declared already');
  expect(() => graph.collection('rows', String)).toThrow('collection rows is declared already');
  expect(() => rows.index('byNamespace', () => [])).toThrow('has an index byNamespace already');
});
