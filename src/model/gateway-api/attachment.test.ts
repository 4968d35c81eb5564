import { describe, expect, test } from '@jest/globals';
import { attach } from './attachment.js';
import type { RouteParent } from './listeners.js';

const listener = (section: string, hostname: string, more: Partial<RouteParent> = {}): RouteParent => ({
  internalGateway: `ns/gw~${section}`,
  section,
  port: 80,
  protocol: 'HTTP',
  hostname,
  isStream: false,
  namespaces: ['ns'],
  kinds: ['HTTPRoute', 'GRPCRoute'],
  ...more,
});
const route = (...hostnames: string[]) => ({ kind: 'HTTPRoute' as const, namespace: 'ns', hostnames });
const hosts = (hostnames: string[], listeners: RouteParent[], ref = {}) =>
  Object.fromEntries(
    attach(route(...hostnames), { name: 'gw', ...ref }, listeners).attachments.map(({ parent, hosts: found }) => [parent.section, found]),
  );

describe('attachment of routes (GA-010, GA-023)', () => {
  const all = listener('all', '');
  const wild = listener('wild', '*.example.test');
  const exact = listener('exact', 'a.example.test');

  test('a host is the most specific listener’s, also when its route is for all of them', () => {
    expect(hosts(['a.example.test', 'b.example.test', 'c.test'], [all, wild, exact])).toEqual({
      all: ['c.test'],
      wild: ['b.example.test'],
      exact: ['a.example.test', 'b.example.test', 'c.test'],
    });
  });

  test('a more specific listener takes its hosts away even from routes that name another', () =>
    expect(hosts(['a.example.test', 'b.example.test'], [wild, exact], { sectionName: 'wild' })).toEqual({ wild: ['b.example.test'] }));

  test('listeners of other ports and protocols take nothing away', () =>
    expect(hosts(['a.example.test'], [all, listener('other', 'a.example.test', { port: 81 })], { port: 80 })).toEqual({ all: ['a.example.test'] }));

  test('without host names a route is for any host', () => expect(hosts([], [wild])).toEqual({ wild: ['*'] }));

  test.each([
    ['it has no such listener', {}, { sectionName: 'nope' }],
    ['it has no such listener', {}, { port: 81 }],
    ['no host name is within the listener’s a.example.test', { hostname: 'a.example.test' }, {}],
    ['its listeners take no routes of namespace ns', { namespaces: ['other'] }, {}],
    ['its listeners take no HTTPRoute', { kinds: ['TCPRoute'] }, {}],
  ] as const)('%s', (denied, given, ref) => {
    const found = attach(route('x.test'), { name: 'gw', ...ref }, [listener('one', '', given as Partial<RouteParent>)]);
    expect(found.attachments).toEqual([]);
    expect(found.denied?.message.replace("'", '’')).toBe(denied);
  });
});
