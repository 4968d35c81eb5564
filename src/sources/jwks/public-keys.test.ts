import { describe, expect, test } from '@jest/globals';
import { keysUri, publicKeys } from './public-keys.js';

const KEY = { kty: 'OKP', crv: 'Ed25519', x: 'tellx-dtwMnnKBvIzkv6QZTHmuT6vMuI40sePPN4WrE' };

describe('fetched key sets', () => {
  test('RA-004: public members pass, private parts and everything unknown do not', () => {
    const fetched = { keys: [{ ...KEY, kid: 'a', d: 'PRIVATE', note: 'x' }], more: 'y' };
    expect(JSON.parse(publicKeys(JSON.stringify(fetched)))).toEqual({ keys: [{ ...KEY, kid: 'a' }] });
  });

  test('shared secrets and unfinished keys are left out', () => {
    const keys = [{ kty: 'oct', k: 'SECRET' }, { kty: 'EC', crv: 'P-256', x: 'X' }, null, { ...KEY, x: 'X' }, KEY];
    expect(JSON.parse(publicKeys(JSON.stringify({ keys })))).toEqual({ keys: [KEY] });
  });

  test.each(['', '<html>', '[]', 'null', '{"keys":{}}', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"s"}]}'])('%s is no key set', (text) => {
    expect(() => publicKeys(text)).toThrow();
  });

  test('errors do not quote what was fetched', () => {
    expect(() => publicKeys('root:x:0:0')).toThrow(/^not JSON$/);
  });

  test('RA-005: the discovery document says where the keys are', () => {
    expect(keysUri('{"jwks_uri":"https://idp.example/keys"}')).toBe('https://idp.example/keys');
    expect(() => keysUri('{"jwks_uri":7}')).toThrow(/no jwks_uri/);
  });
});
