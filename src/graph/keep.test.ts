/** What values keep in memory, and no longer than that. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, jest, test } from '@jest/globals';
import { Graph, keepWithValue } from './graph.js';

// Collecting all of a worker's heap takes seconds on a busy machine.
jest.setTimeout(60_000);
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
/** References are weak only once the turn in which they were followed is over. */
async function collect(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc();
}

function made() {
  const graph = new Graph();
  const rows = graph.collection<{ id: string; size: number }>('rows', ({ id }) => id);
  const refs: WeakRef<object>[] = [];
  /** Its value does not hold what it is made with. */
  const name = graph.query('name', (key: string): string => {
    const object = { size: rows.get(key)?.size ?? 0 };
    refs.push(new WeakRef(object));
    keepWithValue(object);
    return `${key} of ${object.size}`;
  });
  const outer = graph.query('outer', (key: string): string => name.get(key).toUpperCase());
  return { graph, rows, refs, name, outer };
}

test('an object lives with the value that was made with it, also when only another value is used', async () => {
  const { graph, rows, refs, outer } = made();
  const watch = graph.watch(outer, 'a', () => undefined);
  watch.read();
  graph.sweep();
  await collect();
  expect(refs[0]?.deref()).toBeDefined();
  graph.transaction(() => rows.set({ id: 'a', size: 1 }));
  watch.read();
  await collect();
  expect(refs.map((ref) => ref.deref() !== undefined)).toEqual([false, true]);
  watch.close();
  graph.sweep();
  await collect();
  expect(refs[1]?.deref()).toBeUndefined();
});

test('a query of another graph inside of one keeps its own objects, and the outer one goes on keeping', async () => {
  const inner = made();
  const graph = new Graph();
  const refs: WeakRef<object>[] = [];
  const both = graph.query('both', (key: string): string => {
    const text = inner.name.get(key);
    const object = {};
    refs.push(new WeakRef(object));
    keepWithValue(object);
    return text;
  });
  both.get('a');
  inner.graph.sweep();
  await collect();
  expect(refs[0]?.deref()).toBeDefined();
  expect(inner.refs[0]?.deref()).toBeUndefined();
});

test('outside of queries nothing is kept', async () => {
  const ref = new WeakRef({});
  keepWithValue(ref.deref() as object);
  await collect();
  expect(ref.deref()).toBeUndefined();
});
