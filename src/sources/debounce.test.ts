import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Debounce } from './debounce.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('XD-011: many events become one run, when nothing has happened for the quiet time', () => {
  const run = jest.fn();
  const debounce = new Debounce(run, { quiet: 100, max: 10_000 });
  for (let n = 0; n < 5; n++) {
    debounce.poke();
    jest.advanceTimersByTime(99);
  }
  expect(run).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(60_000);
  expect(run).toHaveBeenCalledTimes(1);
});

test('XD-011: events that never stop are run after the longest time, and then anew', () => {
  const run = jest.fn();
  const debounce = new Debounce(run, { quiet: 100, max: 1_000 });
  const runs: number[] = [];
  for (let now = 0; now < 3_000; now += 50) {
    const before = run.mock.calls.length;
    debounce.poke();
    jest.advanceTimersByTime(50);
    if (run.mock.calls.length > before) runs.push(now + 50);
  }
  expect(runs).toEqual([1_000, 2_000, 3_000]);
});

test('XD-011: events after a run wait for their own quiet time, and none runs after the end', () => {
  const run = jest.fn();
  const debounce = new Debounce(run, { quiet: 10, max: 100 });
  debounce.poke();
  jest.advanceTimersByTime(10);
  debounce.poke();
  jest.advanceTimersByTime(9);
  expect(run).toHaveBeenCalledTimes(1);
  debounce.close();
  jest.advanceTimersByTime(1_000);
  expect(run).toHaveBeenCalledTimes(1);
});
