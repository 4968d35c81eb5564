/** A turn that throws is its own stream's matter. */
import { expect, test } from '@jest/globals';
import { systemClock } from './clock.js';
import { ByteBudget, PushQueue } from './push-queue.js';

test('a turn that throws ends that stream and lets the others have theirs', async () => {
  const queue = new PushQueue(systemClock, new ByteBudget(1 << 20), 10);
  const told: unknown[] = [];
  let turns = 0;
  queue.add({
    turn: () => {
      throw new Error('bad');
    },
    fail: (error) => told.push(error),
  });
  queue.add({ turn: () => void turns++ });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told).toEqual([new Error('bad')]);
  expect(turns).toBe(1);
});
