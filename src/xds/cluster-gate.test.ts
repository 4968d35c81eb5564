import { describe, expect, test } from '@jest/globals';
import { TypeUrl } from './push-order.js';
import { XdsServer } from './server.js';
import { FakeClock } from './testing/fake-clock.js';
import { FakeProvider } from './testing/fake-provider.js';
import { DeltaClient, SotwClient } from './testing/model-client.js';

const { cluster, listener, route, virtualHost } = TypeUrl;

/** A client that has two of each, and a mesh to change under it. */
async function converged(variant: 'delta' | 'sotw', withHosts = false) {
  const clock = new FakeClock();
  const provider = new FakeProvider();
  for (const type of [cluster, listener, route]) for (const name of ['a', 'b']) provider.set(type, name, '1');
  for (const host of ['a/x', 'a/y', 'b/x']) provider.set(virtualHost, host, '1', { domains: [`${host.at(-1)}.test`] });
  const server = new XdsServer({ provider, clock });
  const client = variant === 'delta' ? new DeltaClient(server) : new SotwClient(server);
  /** All that comes while the answers to clusters are `clusters`. */
  const said = async (clusters: 'accept' | 'refuse' | 'later'): Promise<string> => {
    for (let more = true; more; ) {
      await clock.settle();
      more = client.step((type) => (type === cluster ? clusters : 'accept'));
    }
    return client.log.splice(0).join(' ') || '-';
  };
  /** The clusters are warm at last: what came before that, and what comes after. */
  const warmLate = async (): Promise<[string, string]> => {
    const before = await said('later');
    for (const answer of client.late.splice(0)) answer();
    return [before, await said('accept')];
  };
  client.connect();
  for (const type of [cluster, listener]) client.open(type, undefined);
  client.open(route, ['a', 'b']);
  await said('accept');
  if (withHosts) client.open(virtualHost, undefined);
  await said('accept');
  return { clock, provider, client, said, warmLate };
}

describe.each(['delta', 'sotw'] as const)('XD-003 XD-007 %s: the gate of clusters', (variant) => {
  /** Of types that SotW sends whole, what a response holds. */
  const of = (type: string, delta: string, sotw: string): string => `${type}:${variant === 'delta' ? delta : sotw}`;

  test('only what names a cluster that is not accepted waits', async () => {
    const { provider, warmLate } = await converged(variant);
    provider.set(cluster, 'new', '1');
    provider.set(route, 'a', '2', { uses: ['b', 'new'] });
    provider.set(route, 'b', '2', { uses: ['b'] });
    provider.set(listener, 'a', '2', { uses: ['new'] });
    provider.set(listener, 'b', '2');
    expect(await warmLate()).toEqual([
      `${of('Cluster', 'new', 'a,b,new')} ${of('Listener', 'b', 'a,b')} RouteConfiguration:b`,
      `${of('Listener', 'a', 'a,b')} RouteConfiguration:a`,
    ]);
  });

  test('a cluster that changes counts as well', async () => {
    const { provider, warmLate } = await converged(variant);
    provider.set(cluster, 'a', '2');
    provider.set(route, 'a', '2', { uses: ['a'] });
    provider.set(route, 'b', '2', { uses: ['b'] });
    expect(await warmLate()).toEqual([`${of('Cluster', 'a', 'a,b')} RouteConfiguration:b`, 'RouteConfiguration:a']);
  });

  test('while it waits the client keeps what it had, and a new state goes instead of the old', async () => {
    const { provider, client, said, warmLate } = await converged(variant);
    provider.set(cluster, 'new', '1');
    provider.set(listener, 'a', '2', { uses: ['new'] });
    await said('later');
    expect(client.type(listener).has.get('a')?.text).toBe('a=1');
    provider.set(listener, 'a', '3', { uses: ['b'] });
    expect(await warmLate()).toEqual([of('Listener', 'a', 'a,b'), '-']);
    expect(client.type(listener).has.get('a')?.text).toBe('a=3');
  });

  test('what is asked for and waits is answered neither as missing nor with nothing', async () => {
    const { provider, client, warmLate } = await converged(variant);
    provider.set(cluster, 'new', '1');
    provider.set(route, 'c', '1', { uses: ['new'] });
    client.subscribe(route, ['c']);
    expect(await warmLate()).toEqual([of('Cluster', 'new', 'a,b,new'), 'RouteConfiguration:c']);
  });

  test('clusters behind an unanswered response count before they are sent', async () => {
    const { provider, client, said } = await converged(variant);
    provider.set(cluster, 'new', '1');
    await said('later');
    provider.set(cluster, 'newer', '1');
    provider.set(route, 'a', '2', { uses: ['newer'] });
    provider.set(route, 'b', '2', { uses: ['new'] });
    expect(await said('later')).toBe('-');
    for (const answer of client.late.splice(0)) answer();
    expect(await said('later')).toBe(`${of('Cluster', 'newer', 'a,b,new,newer')} RouteConfiguration:b`);
    for (const answer of client.late.splice(0)) answer();
    expect(await said('accept')).toBe('RouteConfiguration:a');
  });

  test('a refused cluster holds back what names it, and nothing else, and not for ever', async () => {
    const { clock, provider, said } = await converged(variant);
    provider.set(cluster, 'bad', '1');
    provider.set(route, 'a', '2', { uses: ['bad'] });
    provider.set(route, 'b', '2', { uses: ['b'] });
    expect(await said('refuse')).toBe(`${of('Cluster', 'bad', 'a,b,bad')} RouteConfiguration:b`);
    await clock.advance(14_000);
    expect(await said('accept')).toBe('-');
    await clock.advance(2_000);
    expect(await said('accept')).toBe('RouteConfiguration:a');
  });

  test('clusters that can not be read hold everything back', async () => {
    const { clock, provider, said } = await converged(variant);
    provider.fails.add(cluster);
    provider.changed(cluster);
    provider.set(route, 'a', '2');
    expect(await said('accept')).toBe('-');
    provider.fails.delete(cluster);
    provider.set(cluster, 'new', '1');
    expect(await said('accept')).toBe(`${of('Cluster', 'new', 'a,b,new')} RouteConfiguration:a`);
    provider.fails.add(cluster);
    provider.changed(cluster);
    provider.set(route, 'a', '3');
    expect(await said('accept')).toBe('-');
    await clock.advance(16_000);
    expect(await said('accept')).toBe('RouteConfiguration:a');
  });

  test('a cluster stays while a route that waits has not left it', async () => {
    const { clock, provider, client, said } = await converged(variant);
    provider.delete(cluster, 'b');
    provider.set(cluster, 'new', '1');
    provider.set(route, 'a', '2', { uses: ['new'] });
    expect(await said('later')).toBe(of('Cluster', 'new', 'a,new,b'));
    await clock.advance(10_000);
    expect(await said('later')).toBe('-');
    for (const answer of client.late.splice(0)) answer();
    expect(await said('accept')).toBe('RouteConfiguration:a');
    await clock.advance(3_100);
    expect(await said('accept')).toBe(of('Cluster', '-b', 'a,new'));
  });
});

describe('XD-003 XD-007 the gate of clusters and virtual hosts one by one', () => {
  test('a host that waits keeps those that share a domain with it', async () => {
    const { provider, warmLate } = await converged('delta', true);
    provider.set(cluster, 'new', '1');
    // x.test moves from a/x to a/z, which needs a new cluster; x/y only changes.
    provider.set(virtualHost, 'a/z', '1', { uses: ['new'], domains: ['x.test'] });
    provider.set(virtualHost, 'a/x', '2', { domains: ['other.test'] });
    provider.set(virtualHost, 'a/y', '2', { domains: ['y.test'] });
    provider.set(virtualHost, 'b/x', '2', { domains: ['x.test'] });
    expect(await warmLate()).toEqual(['Cluster:new VirtualHost:a/y VirtualHost:b/x', 'VirtualHost:a/x,a/z']);
  });

  test('a host that goes stays until the one that takes its domain may come', async () => {
    const { provider, warmLate } = await converged('delta', true);
    provider.set(cluster, 'new', '1');
    provider.delete(virtualHost, 'a/x');
    provider.set(virtualHost, 'a/z', '1', { uses: ['new'], domains: ['x.test'] });
    expect(await warmLate()).toEqual(['Cluster:new', 'VirtualHost:a/z,-a/x']);
  });

  test('hosts of a route configuration that waits come behind it, others at once', async () => {
    const { provider, client, warmLate } = await converged('delta', true);
    provider.set(cluster, 'new', '1');
    provider.set(route, 'c', '1', { uses: ['new'] });
    provider.set(virtualHost, 'c/x', '1');
    provider.set(virtualHost, 'b/x', '2');
    client.subscribe(route, ['c']);
    expect(await warmLate()).toEqual(['Cluster:new VirtualHost:b/x', 'RouteConfiguration:c VirtualHost:c/x']);
  });
});
