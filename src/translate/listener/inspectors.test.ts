import { describe, expect, test } from '@jest/globals';
import { inspectors } from './inspectors.js';

const range = (start: number) => ({ rule: { $case: 'destinationPortRange', value: { start, end: start + 1 } } });
const disabled = (...args: Parameters<typeof inspectors>) =>
  inspectors(...args).map(({ name, filterDisabled }) => [name?.split('.').at(-1), filterDisabled]);

describe('inspectors', () => {
  test('SD-015: ports whose protocol is declared are not sniffed', () => {
    const chains = [
      { port: 0, tls: true, http: true },
      { port: 15006, tls: false, http: false },
      { port: 8080, tls: true, http: false },
    ];
    expect(disabled(chains)).toEqual([
      ['tls_inspector', range(15006)],
      ['http_inspector', { rule: { $case: 'orMatch', value: { rules: [range(8080), range(15006)] } } }],
    ]);
  });
  test('SD-014: several chains of one port add up', () => {
    const chains = [
      { port: 0, tls: true, http: true },
      { port: 9000, tls: true, http: false },
      { port: 9000, tls: false, http: true },
    ];
    expect(disabled(chains)).toEqual([
      ['tls_inspector', undefined],
      ['http_inspector', undefined],
    ]);
  });
  test('SC-007: a bound listener opts its ports in', () => {
    expect(disabled([{ port: 7443, tls: true, http: false }])).toEqual([['tls_inspector', { rule: { $case: 'notMatch', value: range(7443) } }]]);
  });
  test('nothing to tell apart, no inspector', () => {
    expect(inspectors([{ port: 0, tls: false, http: false }])).toEqual([]);
  });
});
