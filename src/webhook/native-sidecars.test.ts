import { expect, test } from '@jest/globals';
import { knowNativeSidecars } from './native-sidecars.js';

const nodes = [
  { name: 'new', kubeletVersion: 'v1.36.1' },
  { name: 'old', kubeletVersion: 'v1.32.9-eks' },
];

test('IN-015: one old node keeps native sidecars away from pods that may land on it', () => {
  expect(knowNativeSidecars(nodes, undefined)).toBe(false);
  expect(knowNativeSidecars(nodes, 'new')).toBe(true);
  expect(knowNativeSidecars(nodes, 'old')).toBe(false);
  expect(knowNativeSidecars(nodes.slice(0, 1), 'elsewhere')).toBe(true);
  expect(knowNativeSidecars([], undefined)).toBe(true);
});
