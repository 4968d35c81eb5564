import { expect, test } from '@jest/globals';
import { parseValue } from './parse-value.js';

test('a value, nothing, and what is wrong with a text', () => {
  expect(parseValue('{ concurrency: 2 }')).toEqual({ concurrency: 2 });
  expect(parseValue('plain')).toBe('plain');
  expect(parseValue('')).toBeNull();
  expect(() => parseValue('a: {')).toThrow('line 1');
  expect(() => parseValue('a: 1\n---\nb: 2')).toThrow('more than one document');
});

// Each of these took the parser alone from seconds to for ever.
test.each([
  ['keys in keys', '? '.repeat(500)],
  ['brackets', ']'.repeat(60_000)],
  ['lists in lists', '['.repeat(60_000)],
  ['aliases', `a: &a [x]\n${Array.from({ length: 200 }, (_, i) => `b${i}: [*a, *a, *a]`).join('\n')}`],
])('a peer’s text of 64 KiB is refused soon: %s', (_, text) => {
  const before = process.cpuUsage();
  expect(() => parseValue(text)).toThrow();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(2);
});
