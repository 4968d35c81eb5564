import { expect, test } from '@jest/globals';
import { addressRange } from './address-range.js';

test.each([
  ['10.0.0.0/8', '10.0.0.0', 8],
  ['10.1.2.3', '10.1.2.3', 32],
  ['0.0.0.0/0', '0.0.0.0', 0],
  ['2001:DB8::0/64', '2001:db8::', 64],
  ['::1', '::1', 128],
])('AZ-015: %s is a block', (text, addressPrefix, prefixLen) => expect(addressRange(text)).toEqual({ addressPrefix, prefixLen }));

test.each(['', 'a', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8/8', '10.0.0.0/08', '::1%eth0', '010.0.0.1', '10.0.0.0/-1'])(
  'AZ-015: %j is none',
  (text) => expect(addressRange(text)).toBeUndefined(),
);
