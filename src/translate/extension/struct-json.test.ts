import { expect, test } from '@jest/globals';
import { structJson } from './struct-json.js';

test('EX-004 settings of an extension are the same text whatever order they are written in, fields in the order of their names', () => {
  const text = '{"10":"ten","2":[{"a":null,"b":"\\u0001\\n"}],"a":{"x":1.5,"y":true}}';
  expect(structJson({ a: { y: true, x: 1.5 }, 2: [{ b: '\u0001\n', a: null }], 10: 'ten' })).toBe(text);
  expect(structJson({ 10: 'ten', 2: [{ a: null, b: '\u0001\n' }], a: { x: 1.5, y: true, z: undefined } })).toBe(text);
});
