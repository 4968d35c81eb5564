import { describe, expect, test } from '@jest/globals';
import type { Server } from '../../api/istio.js';
import { type BoundServer, gatewayHosts, hostsFor, indexHosts, intersection } from './gateway-hosts.js';

const server = (hosts: string[], over: Partial<Server> = {}): Server =>
  ({ hosts, port: { number: 80, name: 'http', protocol: 'HTTP' }, ...over }) as Server;
const bound = (from: Server, virtualServices: Record<string, string[]>, gateway = 'edge/gw'): BoundServer => ({
  gateway,
  gatewayNamespace: gateway.split('/')[0] as string,
  server: from,
  virtualServices: Object.entries(virtualServices).map(([key, hosts]) => ({ key, hosts, isGatewayApi: false })),
});
const plan = (...servers: BoundServer[]) =>
  gatewayHosts(servers, () => true).map(({ name, domains, from, requireTls }) => ({
    name,
    domains,
    from: from.map((each) => each.virtualService),
    requireTls,
  }));

describe('hosts of servers and VirtualServices', () => {
  test('GW-021 the narrower of two that overlap', () => {
    expect(intersection(indexHosts(['*.a.com', 'b.com']), ['x.a.com', '*', 'c.com'])).toEqual(['x.a.com', 'b.com', '*.a.com']);
    expect(intersection(indexHosts(['a.com']), ['b.com'])).toEqual([]);
  });
  test('GW-020 hosts with a namespace bind only VirtualServices from there', () => {
    expect(hostsFor(server(['one/a.com', '*/b.com', './c.com', 'd.com']), 'one', 'edge')).toEqual(['a.com', 'b.com', 'd.com']);
    expect(hostsFor(server(['./c.com']), 'edge', 'edge')).toEqual(['c.com']);
  });
});

describe('virtual hosts of a gateway', () => {
  test('GW-026 without hosts a placeholder that answers 404', () => {
    expect(plan(bound(server(['a.com']), { 'n/v': ['b.com'] }))).toEqual([{ name: 'blackhole:80', domains: ['*'], from: [], requireTls: false }]);
  });
  test('VS-006 several VirtualServices for a host are joined in their order', () => {
    expect(plan(bound(server(['*']), { 'n/one': ['a.com'], 'n/two': ['a.com'] }))).toEqual([
      { name: 'a.com:80', domains: ['a.com'], from: ['n/one', 'n/two'], requireTls: false },
    ]);
  });
  test('GW-032 hosts with the same routes share a virtual host named after the most specific', () => {
    expect(plan(bound(server(['*']), { 'n/v': ['*.a.com', 'b.com', 'longer.com'], 'n/w': ['z.com'] }))).toEqual([
      { name: 'longer.com:80', domains: ['longer.com', 'b.com', '*.a.com'], from: ['n/v'], requireTls: false },
      { name: 'z.com:80', domains: ['z.com'], from: ['n/w'], requireTls: false },
    ]);
  });
  test('GW-011 httpsRedirect holds for bound hosts and also without a VirtualService', () => {
    const tls = { httpsRedirect: true } as NonNullable<Server['tls']>;
    expect(plan(bound(server(['a.com', 'ns/b.com'], { tls }), { 'n/v': ['a.com'] }))).toEqual([
      { name: 'a.com:80', domains: ['a.com'], from: ['n/v'], requireTls: true },
      { name: 'b.com:80', domains: ['b.com'], from: [], requireTls: true },
    ]);
  });
  test('GW-002 servers of two gateways on one port are merged', () => {
    expect(
      plan(bound(server(['a.com']), { 'n/v': ['a.com'] }), bound(server(['b.com']), { 'n/w': ['b.com'] }, 'other/gw')).map(({ name }) => name),
    ).toEqual(['a.com:80', 'b.com:80']);
  });
});
