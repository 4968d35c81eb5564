import { expect, test } from '@jest/globals';
import { PeerLogThrottle } from './peer-log-throttle.js';

const written = (counts: readonly (number | undefined)[]): number => counts.filter((count) => count !== undefined).length;

test('hostile: a noisy peer does not hide the refusal of another', () => {
  const throttle = new PeerLogThrottle(() => 0);
  expect(written(Array.from({ length: 1000 }, () => throttle.take('refused 16', '10.0.0.1')))).toBe(20);
  expect(throttle.take('refused 16', '10.0.0.2')).toBe(0);
  expect(throttle.take('refused 7', '10.0.0.1')).toBe(0);
});

test('hostile: many addresses fill the log no more than ten of them, and what was left out is counted', () => {
  let now = 0;
  const throttle = new PeerLogThrottle(() => now);
  const flood = (): (number | undefined)[] => Array.from({ length: 1000 }, (_, n) => throttle.take('refused 16', `10.0.${n >> 8}.${n & 255}`));
  expect(written(flood())).toBe(200);
  now = 1_000;
  expect(throttle.take('refused 16', '10.9.9.9')).toBe(800);
});
