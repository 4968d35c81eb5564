import { describe, expect, test } from '@jest/globals';
import { isVerificationKey, keysOfSet } from './json-web-key.js';

const EC = { kty: 'EC', crv: 'P-256', x: 'IMmPxr9DSeN-GZW2-_s8yqeS88JvZsWGqTov2uVUD6E', y: 'jTZDeLjgRqoP-nNLBSVCKtDukpXKPV_BdG-ld76vsMM' };
const ED = { kty: 'OKP', crv: 'Ed25519', x: 'tellx-dtwMnnKBvIzkv6QZTHmuT6vMuI40sePPN4WrE' };

describe('RA-003: keys that tokens can be verified with', () => {
  test.each([EC, { ...EC, alg: 'ES256', kid: 'a', use: 'sig' }, ED, { ...ED, alg: 'EdDSA' }, { kty: 'oct', k: 'c2VjcmV0' }])('%j', (key) =>
    expect(isVerificationKey(key)).toBe(true),
  );

  test.each<unknown>([
    null,
    'key',
    [],
    {},
    { ...EC, kty: 'XX' },
    { ...EC, alg: 'RS256' },
    { ...EC, alg: 'ES384' },
    { ...EC, y: EC.x },
    { ...EC, crv: 'P-384' },
    { ...EC, alg: 7 },
    { ...ED, crv: 'X25519' },
    { kty: 'RSA', n: 'x', e: 'AQAB', alg: 'RSA-OAEP' },
    { kty: 'RSA', e: 'AQAB' },
    { kty: 'oct', k: '' },
  ])('not %j', (key) => expect(isVerificationKey(key)).toBe(false));

  test('a set is an object with a list; a single key counts as a set', () => {
    expect(keysOfSet('{"keys":[1]}')).toEqual([1]);
    expect(keysOfSet('{"kty":"EC"}')).toEqual([{ kty: 'EC' }]);
    for (const text of ['', '[]', 'null', '7', '{}', '{"keys":{}}']) expect(keysOfSet(text)).toBeUndefined();
  });
});
