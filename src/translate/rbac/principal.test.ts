import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import * as principal from './principal.js';

type Matcher = ReturnType<typeof principal.principal>;

/** The regex of the only peer matcher in an `or`. */
const regexOf = (matcher: Matcher): string => {
  const text = JSON.stringify(matcher);
  return JSON.parse(/"regex":("(?:[^"\\]|\\.)*")/.exec(text)?.[1] ?? '""') as string;
};
const id = (namespace: string, account = 'a', domain = 'td'): string => `spiffe://${domain}/ns/${namespace}/sa/${account}`;

describe('peers', () => {
  test.each([
    ['web', 'web', true],
    ['web', 'web2', false],
    ['web', 'a-web', false],
    ['team-*', 'team-a', true],
    ['team-*', 'steam-a', false],
    ['*-prod', 'shop-prod', true],
    ['*', 'any', true],
    ['a.b', 'axb', false],
  ])('AZ-011: namespace %s and %s', (pattern, namespace, isMatch) => {
    expect(RE2JS.matches(regexOf(principal.namespace([pattern], true)), id(namespace))).toBe(isMatch);
  });

  test('AZ-011: no text breaks out of the regex', () => {
    const name = fc.string({ unit: fc.constantFrom(...'ab.+?()[]{}|^$\\-'.split('')), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(name, name, (wanted, actual) => {
        expect(RE2JS.matches(regexOf(principal.namespace([wanted], true)), id(actual))).toBe(wanted === actual);
        expect(RE2JS.matches(regexOf(principal.serviceAccount('ns')([wanted], true)), id('ns', actual))).toBe(wanted === actual);
      }),
    );
  });

  test.each([
    ['api', id('own', 'api'), true],
    ['api', id('other', 'api'), false],
    ['other/api', id('other', 'api'), true],
    ['api', id('own', 'api2'), false],
    ['api', id('own', 'my-api'), false],
    ['api', 'spiffe://td/ns/own/x/y/sa/api/z/1', true],
  ])('AZ-012: service account %s and %s', (account, peer, isMatch) => {
    expect(RE2JS.matches(regexOf(principal.serviceAccount('own')([account], true)), peer)).toBe(isMatch);
  });

  test('AZ-013: trust domains', () => {
    expect(JSON.stringify(principal.trustDomain(['td', '*'], true))).toContain('"prefix","value":"spiffe://td/"');
    const prefixed = regexOf(principal.trustDomain(['corp.*'], true));
    expect([RE2JS.matches(prefixed, id('a', 'b', 'corp.eu')), RE2JS.matches(prefixed, id('a', 'b', 'corpXeu'))]).toEqual([true, false]);
    expect(RE2JS.matches(regexOf(principal.trustDomain(['*.eu'], true)), 'spiffe://evil/ns/x.eu/sa/y')).toBe(false);
  });
});

describe('tokens', () => {
  const text = (matchPattern: object): object => ({ matchPattern: { $case: 'stringMatch', value: { matchPattern } } });
  const ANY = { $case: 'safeRegex', value: { regex: '.+' } };
  const exact = (value: string): object => ({ $case: 'exact', value });

  test.each([
    ['https://idp/x/sub', exact('https://idp/x'), exact('sub')],
    ['https://idp/*', exact('https://idp'), ANY],
    ['https://idp/ab*', exact('https://idp'), { $case: 'prefix', value: 'ab' }],
    ['https*', { $case: 'prefix', value: 'https' }, ANY],
    ['*/sub', ANY, exact('sub')],
    ['*idp/sub', { $case: 'suffix', value: 'idp' }, exact('sub')],
    ['*sub', ANY, { $case: 'suffix', value: 'sub' }],
    ['*', ANY, ANY],
    ['lonely', exact('lonely'), exact('')],
  ])('AZ-014: request principal %s', (value, issuer, subject) => {
    const both = [issuer, subject].map((wanted) => ({ identifier: { $case: 'metadata', value: { value: text(wanted) } } }));
    expect(principal.requestPrincipal(false)([value], true)).toMatchObject({ identifier: { $case: 'andIds', value: { ids: both } } });
  });

  test('AZ-023: a claim is a text or a list', () => {
    expect(principal.claim(['a', 'b'], false)(['x'], true)).toEqual({
      identifier: {
        $case: 'metadata',
        value: {
          filter: 'envoy.filters.http.jwt_authn',
          path: ['payload', 'a', 'b'].map((value) => ({ segment: { $case: 'key', value } })),
          value: {
            matchPattern: {
              $case: 'orMatch',
              value: {
                valueMatchers: [
                  { matchPattern: { $case: 'listMatch', value: { matchPattern: { $case: 'oneOf', value: text(exact('x')) } } } },
                  text(exact('x')),
                ],
              },
            },
          },
        },
      },
    });
  });

  test('AZ-026: nothing of HTTP can be asked of a byte stream', () => {
    expect(principal.requestPrincipal(true)(['*'], false)).toBeUndefined();
    expect(principal.claim(['aud'], true)(['x'], false)).toBeUndefined();
    expect(principal.header('x', true)(['y'], false)).toBeUndefined();
  });
});
