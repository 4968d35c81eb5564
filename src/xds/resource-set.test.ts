/** What is kept of sets. */
import { expect, test } from '@jest/globals';
import type { EncodedResource } from './provider.js';
import { diff } from './resource-diff.js';
import { emptySet, indexOf } from './resource-set.js';

const resource = (name: string, version = '1'): EncodedResource => ({ name, version, body: Buffer.from(version) });

test('an index finds resources in any chunk; of several with one name the last counts, and they count as one', () => {
  const [a, b, again] = [resource('a'), resource('b'), resource('a', '2')];
  const index = indexOf({ chunks: [[a], [b, again]] });
  expect([index.get('a'), index.get('b'), index.get('c')]).toEqual([again, b, undefined]);
  expect([index.has('b'), index.has('c'), index.size]).toEqual([true, false, 2]);
  expect(indexOf(emptySet).size).toBe(0);
  expect(indexOf({ chunks: [[a, again]] }).get('a')).toBe(again);
});

test('a step is computed once for all who hold it', () => {
  const set = { chunks: [[resource('a')], [resource('b')]] };
  const step = diff(emptySet, set);
  expect(diff(emptySet, set)).toBe(step);
  expect(step.changed.map(({ name }) => name)).toEqual(['a', 'b']);
});
