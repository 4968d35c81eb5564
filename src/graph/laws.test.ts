/**
 * The two laws of the engine over random programs (queries whose reads depend on data, that throw and catch) and random histories
 * (edits, take-backs, watches that come and go, reads from outside, sweeps): an incremental value equals the one that a fresh graph
 * computes, and no watched value changes without its watch being told.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Graph, type Query, type Watch } from './graph.js';

const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4'];
const SPACES = ['n0', 'n1', 'n2'];
const QUERIES = 5;

interface Row {
  readonly id: string;
  readonly spaces: readonly string[];
  readonly v: number;
}

type Expr =
  | { op: 'const'; n: number }
  | { op: 'row' | 'has' | 'bucket'; table: number; key: Expr }
  | { op: 'list'; table: number }
  | { op: 'call'; query: number; key: Expr }
  | { op: 'add' | 'catch'; left: Expr; right: Expr }
  | { op: 'if'; cond: Expr; left: Expr; right: Expr }
  | { op: 'throw'; when: Expr; left: Expr }
  | { op: 'arg' };

type Step =
  | { do: 'edit'; edits: { table: number; key: number; row: { spaces: number[]; v: number } | null }[]; fails: boolean; peek: number }
  | { do: 'watch'; query: number; key: number }
  | { do: 'get'; query: number; key: number }
  | { do: 'read'; which: number }
  | { do: 'close'; which: number }
  | { do: 'sweep' };

const { expr } = fc.letrec<{ expr: Expr }>((tie) => {
  const sub = tie('expr');
  const table = fc.nat(1);
  return {
    expr: fc.oneof(
      { maxDepth: 5, depthSize: 'large', withCrossShrink: true },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('const' as const), n: fc.nat(4) }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('arg' as const) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('list' as const), table }) },
      { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('row' as const, 'has' as const, 'bucket' as const), table, key: sub }) },
      { weight: 5, arbitrary: fc.record({ op: fc.constant('call' as const), query: fc.nat(QUERIES - 1), key: sub }) },
      { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('add' as const, 'catch' as const), left: sub, right: sub }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('if' as const), cond: sub, left: sub, right: sub }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('throw' as const), when: sub, left: sub }) },
    ),
  };
});
const programs = fc.array(expr, { minLength: QUERIES, maxLength: QUERIES });
const edit = fc.record({
  table: fc.nat(1),
  key: fc.nat(KEYS.length - 1),
  row: fc.option(fc.record({ spaces: fc.array(fc.nat(SPACES.length - 1), { maxLength: 2 }), v: fc.nat(4) }), { freq: 4 }),
});
const place = { query: fc.nat(QUERIES - 1), key: fc.nat(KEYS.length - 1) };
const editStep = fc.record({
  do: fc.constant('edit' as const),
  edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
  fails: fc.nat(3).map((n) => n === 0),
  peek: fc.nat(QUERIES * 2),
});
const steps = fc.array<Step>(
  fc.oneof(
    { weight: 4, arbitrary: editStep },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), ...place }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('get' as const), ...place }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  ),
  { minLength: 5, maxLength: 30, size: 'max' },
);

/** A graph that runs a program. Without `cyclic` a query calls only those before it. */
function build(program: readonly Expr[], cyclic: boolean, spare: number) {
  const graph = new Graph({ spare });
  const tables = ['t0', 't1'].map((name) => graph.collection<Row>(name, (r) => r.id));
  const indexes = tables.map((table) => table.index('bySpace', (r) => r.spaces));
  const queries: Query<string, readonly (string | number)[]>[] = [];
  const number = (value: readonly (string | number)[]) => value.reduce<number>((sum, x) => sum + (typeof x === 'number' ? x : x.length), 0);
  const text = (rows: ReadonlyMap<string, Row>) => [...rows.values()].map((r) => `${r.id}=${r.v}`);
  const run = (e: Expr, arg: string, self: number): readonly (string | number)[] => {
    const nested = (sub: Expr) => run(sub, arg, self);
    const pick = <T>(list: readonly T[], sub: Expr) => list[number(nested(sub)) % list.length] as T;
    switch (e.op) {
      case 'const':
        return [e.n];
      case 'arg':
        return [Number(arg.slice(1))];
      case 'row':
        return [tables[e.table]?.get(pick(KEYS, e.key))?.v ?? -1];
      case 'has':
        return [tables[e.table]?.has(pick(KEYS, e.key)) ? 1 : 0];
      case 'bucket':
        return text(indexes[e.table]?.get(pick(SPACES, e.key)) ?? new Map());
      case 'list':
        return text(tables[e.table]?.list() ?? new Map());
      case 'call': {
        const target = cyclic ? e.query : e.query % Math.max(self, 1);
        return !cyclic && self === 0 ? [0] : (queries[target]?.get(pick(KEYS, e.key)) ?? []);
      }
      case 'add':
        return [...nested(e.left), ...nested(e.right)].slice(0, 30);
      case 'catch':
        try {
          return nested(e.left);
        } catch {
          return nested(e.right);
        }
      case 'if':
        return number(nested(e.cond)) % 2 === 1 ? nested(e.left) : nested(e.right);
      case 'throw': {
        const n = number(nested(e.when));
        if (n % 3 === 1) throw new Error(`thrown ${n}`);
        return nested(e.left);
      }
    }
  };
  for (const [i, e] of program.entries()) {
    const same = (a: readonly unknown[], b: readonly unknown[]) => a.length === b.length && a.every((x, j) => x === b[j]);
    queries.push(graph.query(`q${i}`, (key: string) => run(e, key, i), i % 2 === 0 ? { equals: same } : {}));
  }
  return { graph, tables, queries };
}

function outcome(read: () => unknown): string {
  try {
    return JSON.stringify(read());
  } catch (error) {
    return String(error);
  }
}

/** Plays a history and checks both laws after every step. */
function play(program: readonly Expr[], history: readonly Step[], cyclic: boolean, spare: number): void {
  const { graph, tables, queries } = build(program, cyclic, spare);
  const world = tables.map(() => new Map<string, Row>());
  const watches: { watch: Watch<unknown>; query: number; key: string; shown: string; told: number }[] = [];
  const query = (i: number) => queries[i] as Query<string, unknown>;
  const open = (i: number, key: string) => {
    const entry = { query: i, key, told: 0, shown: '', watch: graph.watch(query(i), key, () => entry.told++) as Watch<unknown> };
    entry.shown = outcome(() => entry.watch.read());
    watches.push(entry);
  };
  const fresh = () => {
    const other = build(program, cyclic, 4096);
    other.graph.transaction(() => world.forEach((rows, i) => [...rows.values()].reverse().forEach((row) => other.tables[i]?.set(row))));
    return (i: number, key: string) => outcome(() => other.queries[i]?.get(key));
  };
  graph.transaction(() => {
    for (const [i, id] of KEYS.entries()) {
      const row = { id, v: i, spaces: [SPACES[i % 2] as string] };
      for (const [t, table] of tables.entries()) {
        table.set(row);
        world[t]?.set(id, row);
      }
    }
  });
  for (const [i, key] of KEYS.entries()) open(QUERIES - 1 - (i % 2), key);
  let expected = fresh();
  for (const step of history) {
    if (step.do === 'edit') {
      const after = world.map((rows) => new Map(rows));
      const told = watches.map((w) => w.told);
      try {
        graph.transaction(() => {
          for (const { table, key, row } of step.edits) {
            const id = KEYS[key] as string;
            if (row === null) {
              tables[table]?.delete(id);
              after[table]?.delete(id);
            } else {
              const made = { id, v: row.v, spaces: row.spaces.map((s) => SPACES[s] as string) };
              tables[table]?.set(made);
              after[table]?.set(id, made);
            }
            if (step.peek < QUERIES) outcome(() => query(step.peek).get(id));
          }
          if (step.fails) throw new Error('take back');
        });
        world.splice(0, world.length, ...after);
        expected = fresh();
      } catch (error) {
        expect((error as Error).message).toBe('take back');
      }
      for (const [i, w] of watches.entries()) expect(w.told - (told[i] as number)).toBeLessThanOrEqual(step.fails ? 0 : 1);
    } else if (step.do === 'watch') {
      open(step.query, KEYS[step.key] as string);
    } else if (step.do === 'get') {
      const key = KEYS[step.key] as string;
      expect(outcome(() => query(step.query).get(key))).toBe(expected(step.query, key));
    } else if (step.do === 'sweep') graph.sweep();
    else if (watches.length > 0) {
      const at = step.which % watches.length;
      const entry = watches[at] as (typeof watches)[number];
      if (step.do === 'close') {
        entry.watch.close();
        watches.splice(at, 1);
      } else {
        entry.shown = outcome(() => entry.watch.read());
        entry.told = 0;
        expect(entry.shown).toBe(expected(entry.query, entry.key));
      }
    }
    for (const entry of watches) if (entry.told === 0) expect(entry.shown).toBe(expected(entry.query, entry.key));
  }
  for (const entry of watches) {
    expect(outcome(() => entry.watch.read())).toBe(expected(entry.query, entry.key));
    entry.watch.close();
  }
  // What nobody uses goes, to the last edge. Values of a cycle use each other, see README.md.
  graph.sweep();
  if (!cyclic) expect(graph.stats()).toMatchObject({ memos: 0, cells: 0, edges: 0, idle: 0, watches: 0 });
}

const spares = fc.constantFrom(0, 3, 4096);

test('incremental equals fresh, and nothing changes unreported', () => {
  fc.assert(
    fc.property(programs, steps, spares, (program, history, spare) => play(program, history, false, spare)),
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  );
});

test('the same where queries call each other in cycles', () => {
  fc.assert(
    fc.property(programs, steps, spares, (program, history, spare) => play(program, history, true, spare)),
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  );
});
