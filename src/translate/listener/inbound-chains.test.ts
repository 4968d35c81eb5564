import { describe, expect, test } from '@jest/globals';
import { inboundChains } from './inbound-chains.js';

const rows = (...args: Parameters<typeof inboundChains>) =>
  inboundChains(...args).map(({ protocol, transportProtocol, applicationProtocols, mutualTls }) =>
    [protocol, transportProtocol, applicationProtocols.join(), mutualTls ? 'mtls' : ''].join(' ').trim(),
  );

describe('inbound filter chains', () => {
  test('PA-009: a STRICT HTTP port takes any ALPN, so that no mesh client is refused', () => {
    expect(rows('STRICT', 'HTTP')).toEqual(['HTTP tls  mtls']);
  });
  test('PA-001: STRICT has no plain text chain for any protocol', () => {
    for (const protocol of ['HTTP', 'TCP', 'detect'] as const)
      expect(inboundChains('STRICT', protocol).every(({ mutualTls }) => mutualTls)).toBe(true);
  });
  test('PA-001: PERMISSIVE HTTP takes mesh TLS and plain text', () => {
    expect(rows('PERMISSIVE', 'HTTP')).toEqual(['HTTP tls istio,istio-peer-exchange,istio-http/1.0,istio-http/1.1,istio-h2 mtls', 'HTTP raw_buffer']);
  });
  test('PA-001: PERMISSIVE TCP passes TLS of clients outside the mesh on', () => {
    expect(rows('PERMISSIVE', 'TCP')).toEqual([
      'TCP tls istio,istio-peer-exchange,istio-http/1.0,istio-http/1.1,istio-h2 mtls',
      'TCP tls',
      'TCP raw_buffer',
    ]);
  });
  test('SD-014, PA-008: a detected port has five permissive chains', () => {
    expect(rows('PERMISSIVE', 'detect')).toEqual([
      'HTTP tls istio-http/1.0,istio-http/1.1,istio-h2 mtls',
      'HTTP raw_buffer http/1.1,h2c',
      'TCP tls istio-peer-exchange,istio mtls',
      'TCP raw_buffer',
      'TCP tls',
    ]);
  });
  test('PA-001: DISABLE never terminates TLS', () => {
    expect(rows('DISABLE', 'detect')).toEqual(['HTTP raw_buffer http/1.1,h2c', 'TCP raw_buffer']);
  });
});
