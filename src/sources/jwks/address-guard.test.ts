import { describe, expect, test } from '@jest/globals';
import { addressGuard } from './address-guard.js';

describe('addresses that key sets may be fetched from', () => {
  const permits = addressGuard([]);

  test.each([
    '127.0.0.1',
    '127.255.3.4',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::',
    'localhost',
    '',
  ])('RA-015: %s is refused', (address) => expect(permits(address)).toBe(false));

  test.each(['8.8.8.8', '10.0.0.1', '192.168.1.5', '172.16.9.9', '2606:4700::1111', 'fd12::1', '64:ff9b::808:808', '::ffff:8.8.8.8'])(
    '%s is open',
    (address) => expect(permits(address)).toBe(true),
  );

  test('what is allowed by name is open, and nothing beside it', () => {
    const open = addressGuard(['127.0.0.1', 'fe80::/10']);
    expect([open('127.0.0.1'), open('fe80::9'), open('::ffff:127.0.0.1')]).toEqual([true, true, true]);
    expect([open('127.0.0.2'), open('::1')]).toEqual([false, false]);
  });

  test.each(['nonsense', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1'])('%s is no block', (text) => expect(() => addressGuard([text])).toThrow(/CIDR/));
});
