/** Errors as values, and cycles. */
import { expect, jest, test } from '@jest/globals';
import { CycleError, type Query } from './graph.js';
import { row, world } from './testing/world.js';

test('are memoised, rethrown to each reader, and go when a read changes', () => {
  const { graph, rows, put } = world();
  const compute = jest.fn((k: string) => {
    const found = rows.get(k);
    if (found === undefined) throw new Error(`no ${k}`);
    return found.v;
  });
  const strict = graph.query('strict', compute);
  const lenient = graph.query('lenient', (k: string) => {
    try {
      return strict.get(k);
    } catch {
      return -1;
    }
  });
  expect(() => strict.get('x')).toThrow('no x');
  expect(() => strict.get('x')).toThrow('no x');
  expect(lenient.get('x')).toBe(-1);
  expect(compute).toHaveBeenCalledTimes(1);
  put(row('x', 'a', 7));
  expect(lenient.get('x')).toBe(7);
  expect(strict.get('x')).toBe(7);
});

test('an equality that throws fails the value and leaves the engine usable', () => {
  const { graph, rows, put } = world();
  const odd = graph.query('odd', (k: string) => rows.get(k)?.v ?? 0, {
    equals: () => {
      throw new Error('equality');
    },
  });
  const sane = graph.query('sane', (k: string) => rows.get(k)?.v);
  expect(odd.get('x')).toBe(0);
  put(row('x', 'a', 1));
  expect(() => odd.get('x')).toThrow('equality');
  expect(sane.get('x')).toBe(1);
});

test('a cycle names its members and fails them all, wherever reading begins', () => {
  for (const start of ['a', 'b', 'c']) {
    const { graph, rows, put } = world();
    const next: Record<string, string> = { a: 'b', b: 'c', c: 'a' };
    const walk: Query<string, string> = graph.query('walk', (k: string): string => {
      if (rows.get(k)?.v === 1) return k;
      try {
        return k + walk.get(next[k] as string);
      } catch {
        return `${k}?`; // does not help a member
      }
    });
    const outside = graph.query('outside', (k: string) => {
      try {
        return walk.get(k);
      } catch (error) {
        return (error as Error).message;
      }
    });
    const message = 'graph: query cycle walk(a) -> walk(b) -> walk(c) -> walk(a)';
    expect(() => walk.get(start)).toThrow(CycleError);
    for (const k of ['a', 'b', 'c']) expect(outside.get(k)).toBe(message);
    put(row('b', 'a', 1));
    expect(['a', 'b', 'c'].map((k) => outside.get(k))).toEqual(['ab', 'b', 'cab']);
    put(row('b', 'a', 0));
    expect(['c', 'a', 'b'].map((k) => outside.get(k))).toEqual([message, message, message]);
  }
});
