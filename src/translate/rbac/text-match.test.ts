import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { headerMatcher, ignoringCase, quoteRegex, textMatcher, textMatcherBehind } from './text-match.js';

describe('texts', () => {
  test.each([
    ['a', { $case: 'exact', value: 'a' }],
    ['a*', { $case: 'prefix', value: 'a' }],
    ['*a', { $case: 'suffix', value: 'a' }],
    ['*', { $case: 'safeRegex', value: { regex: '.+' } }],
    ['a*b', { $case: 'exact', value: 'a*b' }],
    ['', { $case: 'exact', value: '' }],
  ])('%j', (value, matchPattern) => expect(textMatcher(value)).toEqual({ matchPattern }));

  test.each([
    ['td/ns/a/sa/b', { $case: 'exact', value: 'spiffe://td/ns/a/sa/b' }],
    ['td/ns/a/*', { $case: 'prefix', value: 'spiffe://td/ns/a/' }],
    ['*/sa/a.b', { $case: 'safeRegex', value: { regex: 'spiffe://.*/sa/a\\.b' } }],
    ['*', { $case: 'safeRegex', value: { regex: '.+' } }],
  ])('AZ-010: %j behind spiffe://', (value, matchPattern) => expect(textMatcherBehind('spiffe://', value)).toEqual({ matchPattern }));

  test('a quoted text matches itself and nothing else, whatever is in it', () => {
    const characters = fc.constantFrom(...'ab.*+?()[]{}|^$\\/-_%&# \n'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 12 }), fc.string({ unit: characters, maxLength: 12 }), (text, other) => {
        expect(RE2JS.matches(quoteRegex(text), other)).toBe(text === other);
        expect(RE2JS.matches(quoteRegex(text), text)).toBe(true);
      }),
    );
  });
});

describe('headers', () => {
  test('AZ-021: a bare wildcard asks for presence', () => {
    expect(headerMatcher('x', '*')).toEqual({ name: 'x', headerMatchSpecifier: { $case: 'presentMatch', value: true } });
  });

  test('AZ-016: hosts do not know case', () => {
    expect(headerMatcher(':authority', '*.a', (text) => ignoringCase(textMatcher(text))).headerMatchSpecifier).toEqual({
      $case: 'stringMatch',
      value: { ignoreCase: true, matchPattern: { $case: 'suffix', value: '.a' } },
    });
  });
});
