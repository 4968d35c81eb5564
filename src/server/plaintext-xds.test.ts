import { describe, expect, test } from '@jest/globals';
import { parseAddress } from './options.js';
import { requireLocalPlaintext } from './plaintext-xds.js';

describe('XD-017: plaintext xDS', () => {
  test.each(['127.0.0.1:15010', '127.8.0.1:0', '[::1]:15010', 'localhost:15010', 'off'])('at %s is for this machine', (text) =>
    expect(() => requireLocalPlaintext(parseAddress(text), 'loopback')).not.toThrow(),
  );

  test.each(['0.0.0.0:15010', '[::]:15010', '10.0.0.1:15010', 'mizzen.example:15010', '127.0.0.1.example:15010'])(
    'at %s needs to be allowed',
    (text) => {
      expect(() => requireLocalPlaintext(parseAddress(text), 'loopback')).toThrow('--xds-plaintext anywhere');
      expect(() => requireLocalPlaintext(parseAddress(text), 'anywhere')).not.toThrow();
    },
  );
});
