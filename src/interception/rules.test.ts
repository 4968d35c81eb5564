import { describe, expect, test } from '@jest/globals';
import { interfaceList, portList, portsOrAll, rangesOrAll } from './parse.js';
import { type Interception, natRules } from './rules.js';

const usual: Interception = {
  outboundPort: 15001,
  inboundPort: 15006,
  uid: 1337,
  includeOutboundRanges: '*',
  excludeOutboundRanges: [],
  includeInboundPorts: '*',
  excludeInboundPorts: [15090, 15021, 15020],
  includeOutboundPorts: [],
  excludeOutboundPorts: [],
  reroutedInterfaces: [],
  excludedInterfaces: [],
};
const lines = (more: Partial<Interception>, family: 'v4' | 'v6' = 'v4'): string[] => natRules({ ...usual, ...more }, family).split('\n');

describe('rules', () => {
  test('IN-007, IN-027: everything but the proxy’s own traffic and ports goes through the proxy, in this order', () => {
    expect(lines({})).toEqual([
      '*nat',
      ':ISTIO_REDIRECT - [0:0]',
      ':ISTIO_IN_REDIRECT - [0:0]',
      ':ISTIO_INBOUND - [0:0]',
      ':ISTIO_OUTPUT - [0:0]',
      '-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001',
      '-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006',
      '-A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN',
      '-A ISTIO_INBOUND -p tcp --dport 15090 -j RETURN',
      '-A ISTIO_INBOUND -p tcp --dport 15021 -j RETURN',
      '-A ISTIO_INBOUND -p tcp --dport 15020 -j RETURN',
      '-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT',
      '-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN',
      '-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT',
      '-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN',
      '-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN',
      '-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN',
      '-A ISTIO_OUTPUT -j ISTIO_REDIRECT',
      '-A PREROUTING -p tcp -j ISTIO_INBOUND',
      '-A OUTPUT -p tcp -j ISTIO_OUTPUT',
      'COMMIT',
      '',
    ]);
  });

  test('IN-009: only some ports come in', () => {
    const found = lines({ includeInboundPorts: [80, 443] });
    expect(found).toContain('-A ISTIO_INBOUND -p tcp --dport 443 -j ISTIO_IN_REDIRECT');
    expect(found).not.toContain('-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT');
    expect(found).not.toContain('-A ISTIO_INBOUND -p tcp --dport 15090 -j RETURN');
  });

  test('IN-009: blocks of addresses count in the family that they are of', () => {
    const ranges = { includeOutboundRanges: ['10.0.0.0/8', 'fd00::/8'], excludeOutboundRanges: ['10.9.0.0/16'] };
    const v4 = lines(ranges);
    expect(v4.indexOf('-A ISTIO_OUTPUT -d 10.9.0.0/16 -j RETURN')).toBeLessThan(v4.indexOf('-A ISTIO_OUTPUT -d 10.0.0.0/8 -j ISTIO_REDIRECT'));
    expect(v4.join()).not.toContain('fd00');
    expect(lines(ranges, 'v6')).toContain('-A ISTIO_OUTPUT -d fd00::/8 -j ISTIO_REDIRECT');
    expect(v4).not.toContain('-A ISTIO_OUTPUT -j ISTIO_REDIRECT');
  });

  test('IN-009: ports and interfaces', () => {
    const found = lines({ excludeOutboundPorts: [25], includeOutboundPorts: [3306], excludedInterfaces: ['net1'], reroutedInterfaces: ['k6t-eth0'] });
    for (const line of [
      '-A ISTIO_OUTPUT -p tcp --dport 25 -j RETURN',
      '-A ISTIO_OUTPUT -p tcp --dport 3306 -j ISTIO_REDIRECT',
      '-A PREROUTING -i net1 -j RETURN',
      '-A OUTPUT -o net1 -j RETURN',
      '-A PREROUTING -i k6t-eth0 -p tcp -j ISTIO_REDIRECT',
    ])
      expect(found).toContain(line);
  });

  test('IN-010: a second time only the chains are written', () => {
    expect(natRules(usual, 'v4', true)).not.toMatch(/-A (PREROUTING|OUTPUT)/);
  });
});

test('IN-022: what is no port, block or name never gets into a rule', () => {
  expect(portsOrAll('*')).toBe('*');
  expect(rangesOrAll(' 10.0.0.0/8 , fd00::/8')).toEqual(['10.0.0.0/8', 'fd00::/8']);
  expect(() => portList('80,-j ACCEPT')).toThrow(/is not a port/);
  expect(() => rangesOrAll('10.0.0.1')).toThrow(/is not a CIDR block/);
  expect(() => interfaceList('eth0 -j ACCEPT')).toThrow(/is not the name of an interface/);
});
