/** Who is told, when, and how often. */
import { expect, jest, test } from '@jest/globals';
import { Graph } from './graph.js';
import { row, world } from './testing/world.js';

test('are told once, after the transaction, and again only after the value was brought up to date', () => {
  const { graph, rows, put } = world();
  const value = graph.query('value', (k: string) => rows.get(k)?.v);
  const stale = jest.fn();
  const watch = graph.watch(value, 'x', stale);
  expect(watch.read()).toBeUndefined();
  graph.transaction(() => {
    rows.set(row('x', 'a', 1));
    rows.set(row('x', 'a', 2));
    expect(stale).not.toHaveBeenCalled();
  });
  expect(stale).toHaveBeenCalledTimes(1);
  put(row('x', 'a', 3));
  expect(stale).toHaveBeenCalledTimes(1);
  expect(watch.read()).toBe(3);
  put(row('y'));
  expect(stale).toHaveBeenCalledTimes(1);
  put(row('x', 'a', 4));
  expect(stale).toHaveBeenCalledTimes(2);
  watch.close();
  watch.close();
  put(row('x', 'a', 5));
  expect(stale).toHaveBeenCalledTimes(2);
  expect(() => watch.read()).toThrow('watch of value(x) read after close');
});

test('a callback that throws does not stop the others, and one that writes starts another round', () => {
  const { graph, rows, put } = world();
  const value = graph.query('value', (k: string) => rows.get(k)?.v);
  const told: string[] = [];
  const bad = graph.watch(value, 'x', () => {
    throw new Error('bad callback');
  });
  const writer = graph.watch(value, 'x', () => {
    told.push('x');
    put(row('y', 'a', 1));
    told.push('written');
  });
  const other = graph.watch(value, 'y', () => told.push(`y${other.read()}`));
  for (const watch of [bad, writer, other]) watch.read();
  expect(() => put(row('x', 'a', 1))).toThrow(AggregateError);
  expect(told).toEqual(['x', 'written', 'y1']);
  expect(graph.revision).toBe(2);
});

test('a callback may close the watch whose turn has not come', () => {
  const { graph, rows, put } = world();
  const value = graph.query('value', (k: string) => rows.get(k)?.v);
  const stale = jest.fn();
  const first = graph.watch(value, 'x', () => second.close());
  const second = graph.watch(value, 'x', stale);
  first.read();
  put(row('x'));
  expect(stale).not.toHaveBeenCalled();
});

test('cannot be read inside a transaction', () => {
  const { graph, rows } = world();
  const watch = graph.watch(
    graph.query('value', (k: string) => rows.get(k)),
    'x',
    () => {},
  );
  graph.transaction(() => expect(() => watch.read()).toThrow('inside a transaction'));
});

test('only queries of this graph can be watched', () => {
  const { graph } = world();
  const foreign = new Graph().query('foreign', String);
  expect(() => graph.watch(foreign, 'x', () => {})).toThrow('not of this graph');
});

test('originsOf: a part of the value leads to the rows of the query that made it', () => {
  const graph = new Graph();
  const rows = graph.collection<{ key: string; n: number }>('rows', (row) => row.key);
  const one = graph.query('one', (key: string) => ({ double: (rows.get(key)?.n ?? 0) * 2 }));
  const list = graph.query('list', () => [one.get('a'), one.get('b')]);
  const view = graph.query('view', () => ({ chunks: [list.get('')] }));
  graph.transaction(() => ['a', 'b'].forEach((key, n) => rows.set({ key, n })));
  const watch = graph.watch(view, '', () => undefined);
  const [, second] = watch.read().chunks[0] as [object, object];
  expect(watch.originsOf(second).map((origin) => origin.key)).toEqual(['b']);
  expect(watch.originsOf({})).toEqual([]);
});
