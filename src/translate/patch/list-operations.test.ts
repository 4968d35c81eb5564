import { describe, expect, test } from '@jest/globals';
import { applyToList } from './list-operations.js';
import type { Operation } from './patch.js';

const run = (operation: Operation, named?: string): string | undefined =>
  applyToList(['a', 'b', 'c', 'b'], operation, named === undefined ? undefined : (item) => item === named, () => 'X')?.join('');

describe('EF-006 EF-008 EF-009 EF-012 lists', () => {
  test.each([
    ['ADD', 'b', 'abcbX'],
    ['INSERT_FIRST', 'b', 'Xabcb'],
    ['INSERT_BEFORE', 'b', 'aXbcb'],
    ['INSERT_AFTER', 'b', 'abXcb'],
    ['INSERT_AFTER', undefined, 'abcbX'],
    ['INSERT_BEFORE', undefined, 'Xabcb'],
    ['REPLACE', 'b', 'aXcb'],
    ['REMOVE', 'b', 'ac'],
    ['INSERT_BEFORE', 'z', undefined],
    ['INSERT_AFTER', 'z', undefined],
    ['REPLACE', 'z', undefined],
    ['REPLACE', undefined, undefined],
    ['REMOVE', 'z', undefined],
    ['REMOVE', undefined, undefined],
    ['MERGE', 'b', undefined],
  ] as const)('%s %s → %s', (operation, named, expected) => {
    expect(run(operation, named)).toBe(expected);
  });
});
