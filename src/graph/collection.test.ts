/** Order and immutability of what collections and indexes hand out. */
import { expect, test } from '@jest/globals';
import { row, world } from './testing/world.js';

test('buckets and lists iterate in key order, whatever the order of writes', () => {
  const { graph, rows, byNs, put, drop } = world();
  const ids = graph.query('ids', (ns: string) => [...byNs.get(ns).keys()].join(''));
  put(row('c'), row('a'), row('d'));
  expect([ids.get('a'), [...rows.list().keys()].join('')]).toEqual(['acd', 'acd']);
  put(row('b'));
  expect([ids.get('a'), [...rows.list().keys()].join('')]).toEqual(['abcd', 'abcd']);
  drop('d', 'a');
  put(row('bb'), row('aa'));
  expect([ids.get('a'), [...rows.list().keys()].join('')]).toEqual(['aabbbc', 'aabbbc']);
});

test('a map handed out is a snapshot', () => {
  const { rows, byNs, put, drop } = world();
  put(row('a'), row('b'));
  const before = [byNs.get('a'), rows.list()];
  put(row('c'));
  drop('a');
  for (const map of before) expect([...map.keys()]).toEqual(['a', 'b']);
  expect(byNs.get('a')).not.toBe(before[0]);
});

test('an index declared late, and rows in several buckets', () => {
  const { rows, put } = world();
  put(row('b', 'x', 1), row('a', 'y', 1));
  const both = rows.index('both', (r) => [r.ns, String(r.v), r.ns]);
  expect([...both.get('1').keys()]).toEqual(['a', 'b']);
  put(row('b', 'y', 2));
  expect([...both.get('1').keys(), ...both.get('x').keys(), ...both.get('y').keys()]).toEqual(['a', 'a', 'b']);
});
