/** One transaction, one revision, or none at all. */
import { expect, jest, test } from '@jest/globals';
import { Graph } from './graph.js';
import { type Row, row, world } from './testing/world.js';

test('make one revision, and none when nothing changes', () => {
  const { graph, rows, put, drop } = world();
  const x = row('x');
  put(x, row('y'));
  expect(graph.revision).toBe(1);
  put(x);
  drop('absent');
  expect(graph.revision).toBe(1);
  graph.transaction(() => expect(rows.get('x')).toBe(x));
  drop('x');
  expect(graph.revision).toBe(2);
});

test('writes outside are refused', () => {
  const { rows } = world();
  expect(() => rows.set(row('x'))).toThrow('write to rows(x) outside a transaction');
  expect(() => rows.delete('x')).toThrow('delete from rows(x) outside a transaction');
});

test('rows equal by the given equality are ignored', () => {
  const graph = new Graph();
  const rows = graph.collection<Row>('rows', (r) => r.id, { equals: (a, b) => a.v === b.v });
  const first = row('x', 'a', 1);
  graph.transaction(() => rows.set(first));
  graph.transaction(() => rows.set(row('x', 'b', 1)));
  expect(rows.get('x')).toBe(first);
  expect(graph.revision).toBe(1);
});

test('a throw takes everything back: rows, indexes, values, revision', () => {
  const { graph, rows, byNs, put } = world();
  const ids = graph.query('ids', (ns: string) => [...byNs.get(ns).values()].map((r) => r.id + r.v).join());
  const stale = jest.fn();
  put(row('x', 'a', 1), row('y', 'b', 1));
  const watch = graph.watch(ids, 'a', stale);
  watch.read();
  const failing = () =>
    graph.transaction(() => {
      rows.set(row('x', 'b', 2));
      rows.delete('y');
      rows.set(row('z', 'a', 3));
      expect(ids.get('a')).toBe('z3'); // and a value computed half-way is not kept
      throw new Error('half-way');
    });
  expect(failing).toThrow('half-way');
  expect(graph.revision).toBe(1);
  expect(stale).not.toHaveBeenCalled();
  expect([...rows.list().keys()]).toEqual(['x', 'y']);
  expect([ids.get('a'), ids.get('b')]).toEqual(['x1', 'y1']);
  expect(watch.read()).toBe('x1');
  put(row('x', 'a', 9));
  expect(stale).toHaveBeenCalledTimes(1);
});

test('a watch not read since a rolled-back transaction still hears of the next change', () => {
  const { graph, rows, put } = world();
  const value = graph.query('value', (k: string) => rows.get(k)?.v);
  const stale = jest.fn();
  const watch = graph.watch(value, 'x', stale);
  watch.read();
  const failing = () =>
    graph.transaction(() => {
      rows.set(row('x'));
      throw new Error('no');
    });
  expect(failing).toThrow('no');
  put(row('x', 'a', 1));
  expect(stale).toHaveBeenCalledTimes(1);
  watch.read();
  expect(failing).toThrow('no');
  watch.read();
  put(row('unrelated'));
  expect(stale).toHaveBeenCalledTimes(1);
});

test('a value computed half-way through a chain is not kept when the transaction is taken back', () => {
  const { graph, rows, put } = world();
  const one = graph.query('one', (k: string) => rows.get(k)?.v ?? 0);
  const two = graph.query('two', (k: string) => one.get(k) * 10);
  put(row('x', 'a', 1));
  const failing = () =>
    graph.transaction(() => {
      rows.set(row('x', 'a', 2));
      expect(two.get('x')).toBe(20);
      throw new Error('no');
    });
  expect(failing).toThrow('no');
  expect(two.get('x')).toBe(10);
});

test('a nested transaction that throws takes only its own writes back', () => {
  const { graph, rows } = world();
  graph.transaction(() => {
    rows.set(row('x'));
    expect(() =>
      graph.transaction(() => {
        rows.delete('x');
        rows.set(row('y'));
        throw new Error('inner');
      }),
    ).toThrow('inner');
  });
  expect([...rows.list().keys()]).toEqual(['x']);
  expect(graph.revision).toBe(1);
});

test('an index function that throws leaves nothing half written', () => {
  const { graph, rows, put } = world();
  rows.index('odd', (r) => {
    if (r.v === 13) throw new Error('unlucky');
    return [String(r.v)];
  });
  put(row('x', 'a', 1));
  graph.transaction(() => expect(() => rows.set(row('x', 'a', 13))).toThrow('unlucky'));
  expect(rows.get('x')?.v).toBe(1);
});

test('queries read inside a transaction see the writes so far, also through a chain', () => {
  const { graph, rows } = world();
  const one = graph.query('one', (k: string) => rows.get(k)?.v ?? 0);
  const two = graph.query('two', (k: string) => one.get(k) * 10);
  const seen: number[] = [];
  graph.transaction(() => {
    for (const v of [1, 2, 3]) {
      rows.set(row('x', 'a', v));
      seen.push(two.get('x'));
    }
  });
  expect([...seen, two.get('x')]).toEqual([10, 20, 30, 30]);
});
