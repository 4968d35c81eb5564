import { describe, expect, test } from '@jest/globals';
import { formatAddress, parseAddress, parseCount, parseMs, SETTINGS, serveOptions } from './options.js';

describe('options of serve', () => {
  test.each(['127.0.0.1:15010', '[::1]:0', 'mizzen.example:65535'])('%s is an address, there and back', (text) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(text);
  });

  test.each(['15010', ':15010', 'host:', 'host:65536', 'host:1x', ''])('%j is none', (text) => expect(() => parseAddress(text)).toThrow('HOST:PORT'));

  test('off is no address', () => expect(parseAddress('off')).toBeUndefined());

  test('durations are milliseconds', () => {
    expect([parseMs('10ms'), parseMs('1.5s'), parseMs('0')]).toEqual([10, 1500, 0]);
    expect(() => parseMs('10')).toThrow('duration');
    expect(() => parseMs('-1s')).toThrow('duration');
  });

  test('CA-007: certificates of Envoys live a day unless told otherwise, and neither for a moment nor for ever', () => {
    expect(serveOptions({}).workloadCertTtl).toBe(86_400_000);
    expect(SETTINGS.workloadCertTtl.parse('20s')).toBe(20_000);
    for (const text of ['9s', '2161h', 'a day']) expect(() => SETTINGS.workloadCertTtl.parse(text)).toThrow(JSON.stringify(text));
  });

  test('DB-001: the ports are istiod’s; what is plaintext is for this machine only', () => {
    const { xdsAddress, xdsTlsAddress, httpAddress, webhookAddress } = serveOptions({});
    expect([xdsAddress, xdsTlsAddress, httpAddress, webhookAddress].map((at) => at && formatAddress(at))).toEqual([
      '127.0.0.1:15010',
      '0.0.0.0:15012',
      '127.0.0.1:15014',
      undefined,
    ]);
  });

  test('a count is a number, or off whatever the default is', () => {
    expect([parseCount('0'), parseCount('250'), parseCount('off')]).toEqual([0, 250, undefined]);
    for (const text of ['', '-1', '1.5', 'many']) expect(() => parseCount(text)).toThrow('not a number');
    expect(serveOptions({}).vhdsThreshold).toBe(100);
    expect(serveOptions({ vhdsThreshold: '' as never }).vhdsThreshold).toBeUndefined();
  });

  test('xDS without TLS and the debug pages stay on loopback unless asked for otherwise', () => {
    const { xdsAddress, httpAddress, debounceAfter, debounceMax } = serveOptions({});
    expect([xdsAddress?.host, httpAddress?.host]).toEqual(['127.0.0.1', '127.0.0.1']);
    expect([debounceAfter, debounceMax]).toEqual([10, 1000]);
  });

  test('an address that the command line switched off stays off', () =>
    expect(serveOptions({ xdsTlsAddress: '' as never }).xdsTlsAddress).toBeUndefined());
  test('an address that was switched off stays off', () => expect(serveOptions({ xdsAddress: undefined }).xdsAddress).toBeUndefined());

  test('no two options share a flag', () => {
    const flags = Object.values(SETTINGS).map(({ flag }) => flag);
    expect(new Set(flags).size).toBe(flags.length);
  });
});
