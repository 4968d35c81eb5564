import { expect, test } from '@jest/globals';
import { LogThrottle } from './log-throttle.js';

test('hostile: a flood of refusals leaves a few lines in the log, which say how many were left out', () => {
  let now = 0;
  const throttle = new LogThrottle(3, 1_000, 2, () => now);
  const take = (kind: string, times: number) => Array.from({ length: times }, () => throttle.take(kind));
  expect(take('a', 5)).toEqual([0, 0, 0, undefined, undefined]);
  expect(take('b', 1)).toEqual([0]);
  now = 1_500;
  expect(take('a', 2)).toEqual([2, undefined]);
  // Kinds are bounded: the one that was not seen for longest is forgotten.
  expect([...take('c', 1), ...take('b', 4)]).toEqual([0, 0, 0, 0, undefined]);
});
