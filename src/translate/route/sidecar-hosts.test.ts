import { describe, expect, test } from '@jest/globals';
import type { Port, Service } from '../../model/service.js';
import { serviceDomains } from './domains.js';
import { type HostBinding, type SidecarHostsInput, sidecarHosts } from './sidecar-hosts.js';

const scope = { type: 'sidecar', dnsDomain: 'shop.svc.cluster.local', ipMode: 'ipv4', clusterId: '', dnsCapture: false } as const;
const service = (hostname: string, over: Partial<Service> = {}): Service =>
  ({
    key: `k:${hostname}`,
    hostname,
    registry: 'Kubernetes',
    resolution: 'EDS',
    ports: [{ name: 'http', port: 80, protocol: 'HTTP' }] as Port[],
    aliases: [],
    ...over,
    addresses: over.addresses ?? ['10.0.0.1'],
    address: over.addresses === undefined ? '10.0.0.1' : (over.addresses[0] ?? '0.0.0.0'),
  }) as Service;
const binding = (key: string, hosts: string[], over: Partial<HostBinding> = {}): HostBinding => ({ key, hosts, isGatewayApi: false, ...over });
const plan = (input: Partial<SidecarHostsInput>) =>
  sidecarHosts({ scope, listenPort: 80, services: [], virtualServices: [], hasRoutes: () => true, ...input });
const summary = (input: Partial<SidecarHostsInput>) =>
  Object.fromEntries(
    plan(input).map(({ name, domains, from }) => [name, ['virtualService' in from ? from.virtualService : 'default', domains.length]]),
  );

describe('domains', () => {
  test('SD-004 short names reach as far as the client would search', () => {
    expect(serviceDomains(service('a.shop.svc.cluster.local'), scope).all).toEqual([
      'a.shop.svc.cluster.local',
      'a.shop.svc.cluster.local.',
      'a',
      'a.shop.svc',
      'a.shop',
      '10.0.0.1',
    ]);
    expect(serviceDomains(service('a.other.svc.cluster.local'), scope).all).toEqual([
      'a.other.svc.cluster.local',
      'a.other.svc.cluster.local.',
      'a.other',
      'a.other.svc',
      '10.0.0.1',
    ]);
    expect(serviceDomains(service('api.example', { registry: 'External', addresses: [] }), scope).all).toEqual(['api.example', 'api.example.']);
  });
  test('SD-004 pods of headless services, aliases, ports and addresses', () => {
    expect(serviceDomains(service('h.o.svc.cluster.local', { resolution: 'Passthrough', addresses: [] }), scope).all).toContain('*.h.o');
    expect(
      serviceDomains(service('a.o.svc.cluster.local', { aliases: [{ hostname: 'b.shop.svc.cluster.local', namespace: 'shop' }] }), scope).all,
    ).toContain('b');
    expect(serviceDomains(service('api.example', { registry: 'External', addresses: ['::1'] }), scope, 81).all).toEqual([
      'api.example',
      'api.example:81',
      'api.example.',
      'api.example.:81',
      '[::1]',
      '[::1]:81',
    ]);
    expect(serviceDomains(service('a.o.svc.cluster.local', { addresses: ['10.0.0.1', 'fd00::1'] }), { ...scope, ipMode: 'ipv6' }).all.at(-1)).toBe(
      '[fd00::1]',
    );
  });
  test('SD-048 an allocated address only for clients that capture DNS', () => {
    const external = service('x.example', {
      registry: 'External',
      address: '0.0.0.0',
      addresses: [],
      autoAllocatedAddresses: ['240.240.0.1', '2001:2::1'],
    });
    expect(serviceDomains(external, scope).all).toEqual(['x.example', 'x.example.']);
    expect(serviceDomains(external, { ...scope, dnsCapture: true }).all.at(-1)).toBe('240.240.0.1');
  });
  test('outside Kubernetes names are shortened by what client and host share', () => {
    expect(serviceDomains(service('foo.local.campus.net', { addresses: [] }), { ...scope, dnsDomain: 'local.campus.net' }).all).toEqual([
      'foo.local.campus.net',
      'foo.local.campus.net.',
      'foo',
    ]);
    expect(serviceDomains(service('foo.local.campus.net', { addresses: [] }), { ...scope, dnsDomain: 'remote.campus.net' }).all).toEqual([
      'foo.local.campus.net',
      'foo.local.campus.net.',
      'foo.local',
      'foo.local.campus',
    ]);
  });
});

describe('virtual hosts', () => {
  const a = service('a.shop.svc.cluster.local');
  const b = service('b.shop.svc.cluster.local', { addresses: ['10.0.0.2'] });
  test('VS-006 VS-042 the first VirtualService of a host has it, services without one get the default', () => {
    expect(summary({ services: [a, b], virtualServices: [binding('n/one', [a.hostname]), binding('n/two', [a.hostname])] })).toEqual({
      'a.shop.svc.cluster.local:80': ['n/one', 6],
      'b.shop.svc.cluster.local:80': ['default', 6],
    });
  });
  test('VS-006 without a route that holds here the service keeps its default', () => {
    expect(summary({ services: [a], virtualServices: [binding('n/one', [a.hostname])], hasRoutes: () => false })).toEqual({
      [`${a.hostname}:80`]: ['default', 6],
    });
  });
  test('VS-001 VS-046 hosts that are no service appear on port 80 only, in lower case', () => {
    const virtualServices = [binding('n/out', ['Out.Example'])];
    expect(plan({ virtualServices })[0]).toMatchObject({ name: 'out.example:80', domains: ['out.example'] });
    expect(plan({ virtualServices, listenPort: 8080 })).toEqual([]);
  });
  test('VS-002 a wildcard takes the services that no nearer host has', () => {
    const virtualServices = [binding('n/all', ['*.shop.svc.cluster.local']), binding('n/a', [a.hostname])];
    expect(summary({ services: [a, b], virtualServices })).toEqual({
      'a.shop.svc.cluster.local:80': ['n/a', 6],
      'b.shop.svc.cluster.local:80': ['n/all', 6],
    });
  });
  test('VS-047 a shortened name never hides the real one', () => {
    const real = service('a.shop', { registry: 'External', addresses: [] });
    const found = Object.fromEntries(plan({ services: [a, real] }).map(({ name, domains }) => [name, domains]));
    expect(found['a.shop:80']).toEqual(['a.shop', 'a.shop.']);
    expect(found['a.shop.svc.cluster.local:80']).not.toContain('a.shop');
  });
  test('only services with HTTP or undeclared ports, and no aliases', () => {
    const tcp = service('t.x', { ports: [{ name: 'tcp', port: 80, protocol: 'TCP' }] });
    const detected = service('u.x', { ports: [{ name: 'any', port: 80, protocol: 'Unsupported' }], addresses: [] });
    expect(Object.keys(summary({ services: [tcp, detected, service('al.x', { resolution: 'Alias' })] }))).toEqual(['u.x:80']);
  });
  test('port 0 lists every port, and bare names for port 80 alone', () => {
    const two = service('m.x', { addresses: [], ports: [80, 81].map((port) => ({ name: `p${port}`, port, protocol: 'HTTP' })) as Port[] });
    const found = Object.fromEntries(plan({ services: [two], listenPort: 0 }).map(({ name, domains }) => [name, domains]));
    expect(found).toEqual({ 'm.x:80': ['m.x', 'm.x:80', 'm.x.', 'm.x.:80'], 'm.x:81': ['m.x:81', 'm.x.:81'] });
  });
  test('the order of services makes no difference', () => {
    expect(plan({ services: [a, b] })).toEqual(plan({ services: [b, a] }));
  });
});
