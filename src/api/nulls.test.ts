import { expect, test } from '@jest/globals';
import { convert } from './convert.js';
import { withoutNulls } from './nulls.js';
import { any, list, map, nullable, obj, open, str } from './shapes/shape.js';

const shape = obj({ name: str, text: nullable(str), parts: list(obj({ text: nullable(str) })), labels: map(nullable(str)), free: any });

test('fields without a value are gone where they may be, at any depth; what has no shape stays', () => {
  const value = { name: null, text: null, parts: [{ text: null }, { text: 'a' }], labels: { a: null, b: 'c' }, free: { a: null }, unknown: null };
  expect(withoutNulls(shape, value)).toEqual({ name: null, parts: [{}, { text: 'a' }], labels: { b: 'c' }, free: { a: null }, unknown: null });
});

test('what has no such field is the same value', () => {
  const value = { name: 'a', parts: [{ text: 'b' }], labels: {} };
  expect(withoutNulls(shape, value)).toBe(value);
  expect(withoutNulls(open({}), 'a')).toBe('a');
});

test('SD-001: a Service whose selector is written without a value has none', () => {
  const { row } = convert({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: null, ports: [{ port: 80 }] },
    status: null,
  });
  expect(row?.spec).toEqual({ ports: [{ port: 80 }] });
  expect(row).not.toHaveProperty('status');
});
