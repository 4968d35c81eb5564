import { describe, expect, test } from '@jest/globals';
import { type ChainMatch, MATCH_ALL, matchesAll, sameMatch, translateMatch } from './filter-chain-match.js';

const match = (given: Partial<ChainMatch>): ChainMatch => ({ ...MATCH_ALL, ...given });

describe('filter chain match', () => {
  test('SD-065: the name * is no condition', () => {
    expect(matchesAll(match({ serverNames: ['*'] }))).toBe(true);
    expect(translateMatch(match({ serverNames: ['*'] }))).toBeUndefined();
  });
  test('SD-067: one network written twice is one condition', () => {
    expect(sameMatch(match({ destinations: ['10.1.2.3/8'] }), match({ destinations: ['10.9.9.9/8'] }))).toBe(true);
    expect(sameMatch(match({ destinations: ['10.0.0.0/8'] }), match({ destinations: ['10.0.0.0/16'] }))).toBe(false);
    expect(sameMatch(match({ destinations: ['fd00::1/64'] }), match({ destinations: ['fd00::2/64'] }))).toBe(true);
  });
  test('VS-038: a network written twice is written once, as it first stands', () => {
    expect(translateMatch(match({ destinations: ['10.1.0.0/16', '10.1.9.9/16', '10.1.0.0/16'] }))).toEqual({
      prefixRanges: [{ addressPrefix: '10.1.0.0', prefixLen: 16 }],
    });
  });
  test('SD-067: server names are a set', () => {
    expect(sameMatch(match({ serverNames: ['a', 'b'] }), match({ serverNames: ['b', 'a'] }))).toBe(true);
    expect(sameMatch(match({ serverNames: ['a'] }), match({}))).toBe(false);
  });
  test('VS-036: a name that stands twice is there once: Envoy would see two chains', () => {
    expect(translateMatch(match({ serverNames: ['a.example', 'b.example', 'a.example'] }))).toEqual({ serverNames: ['a.example', 'b.example'] });
  });
  test('VS-036: names and networks are sorted, addresses become host networks', () => {
    expect(translateMatch(match({ serverNames: ['b.example', 'a.example'], destinations: ['10.2.0.1', '10.1.0.0/16', 'fd00::1'] }))).toEqual({
      serverNames: ['a.example', 'b.example'],
      prefixRanges: [
        { addressPrefix: '10.1.0.0', prefixLen: 16 },
        { addressPrefix: '10.2.0.1', prefixLen: 32 },
        { addressPrefix: 'fd00::1', prefixLen: 128 },
      ],
    });
  });
  test('SD-066: what is no address and no network is left out', () => {
    const strange = ['10.0.0.0/8z', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10', 'web.example', ''];
    expect(translateMatch(match({ destinations: [...strange, '10.0.0.1'] }))).toEqual({
      prefixRanges: [{ addressPrefix: '10.0.0.1', prefixLen: 32 }],
    });
    expect(sameMatch(match({ destinations: strange }), match({}))).toBe(true);
  });
});
