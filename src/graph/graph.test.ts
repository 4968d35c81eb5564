import { describe, expect, jest, test } from '@jest/globals';
import { CycleError, Graph, type Query } from './graph.js';

interface Row {
  readonly id: string;
  readonly ns: string;
  readonly v: number;
}
const row = (id: string, ns = 'a', v = 0): Row => ({ id, ns, v });

function world(spare?: number) {
  const graph = new Graph({ spare });
  const rows = graph.collection<Row>('rows', (r) => r.id);
  const byNs = rows.index('byNamespace', (r) => [r.ns]);
  const put = (...list: Row[]) => graph.transaction(() => list.forEach((r) => rows.set(r)));
  const drop = (...keys: string[]) => graph.transaction(() => keys.forEach((k) => rows.delete(k)));
  return { graph, rows, byNs, put, drop };
}

describe('queries', () => {
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
});

describe('errors', () => {
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
});

describe('transactions', () => {
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
});

describe('watches', () => {
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
});

describe('order', () => {
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
});
