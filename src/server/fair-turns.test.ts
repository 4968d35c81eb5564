import { expect, test } from '@jest/globals';
import { FairTurns } from './fair-turns.js';

const LIMITS = { atOnce: 3, atOncePerKey: 2, waitingPerKey: 4 };
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Who runs, in order, and how to let one end. */
function watched(turns: FairTurns) {
  const started: string[] = [];
  const running: { name: string; end: (error?: Error) => void }[] = [];
  const ask = (key: string, n: number): Promise<string> | undefined =>
    turns.run(key, () => {
      started.push(`${key}${n}`);
      return new Promise<string>((resolve, reject) => running.push({ name: key, end: (error) => (error ? reject(error) : resolve(key)) }));
    });
  return { started, running, ask };
}

test('one who asks for everything has its share, and who comes later is not behind all of it', async () => {
  const { started, running, ask } = watched(new FairTurns(LIMITS));
  for (const n of [1, 2, 3, 4, 5, 6]) void ask('a', n);
  expect(ask('a', 7)).toBeUndefined();
  for (const n of [1, 2]) void ask('b', n);
  void ask('c', 1);
  await settle();
  expect(started).toEqual(['a1', 'a2', 'b1']);
  for (const next of ['a3', 'b2', 'c1']) {
    running.shift()?.end();
    await settle();
    expect(started.at(-1)).toBe(next);
  }
  while (running.length > 0) {
    running.shift()?.end();
    await settle();
  }
  expect(started.slice(6)).toEqual(['a4', 'a5', 'a6']);
});

test('one that fails makes room as well, and its caller hears why', async () => {
  const { started, running, ask } = watched(new FairTurns({ ...LIMITS, atOnce: 1 }));
  const first = ask('a', 1);
  void ask('b', 1);
  await settle();
  running[0]?.end(new Error('no answer'));
  await expect(first).rejects.toThrow('no answer');
  await settle();
  expect(started).toEqual(['a1', 'b1']);
});
