import { describe, expect, test } from '@jest/globals';
import { TypeUrl } from './push-order.js';
import { XdsServer } from './server.js';
import { FakeClock } from './testing/fake-clock.js';
import { FakeProvider } from './testing/fake-provider.js';
import { DeltaClient } from './testing/model-client.js';

const { cluster, route, virtualHost } = TypeUrl;

/** A client that has two route configurations, one with two hosts and one with one. */
async function room() {
  const clock = new FakeClock();
  const provider = new FakeProvider();
  provider.set(cluster, 'c', '1');
  for (const name of ['x', 'y', 'plain']) provider.set(route, name, '1');
  for (const name of ['x/a', 'x/b', 'y/a', 'z/a']) provider.set(virtualHost, name, '1');
  const client = new DeltaClient(new XdsServer({ provider, clock }));
  const step = async (verdict: 'accept' | 'refuse' = 'accept') => {
    await clock.settle();
    client.step(() => verdict);
    await clock.settle();
    return client.log.splice(0).join(' ') || '-';
  };
  const all = async () => {
    const steps: string[] = [];
    for (let one = await step(); one !== '-'; one = await step()) steps.push(one);
    return steps;
  };
  client.connect();
  return { clock, provider, client, step, all };
}

async function converged() {
  const it = await room();
  it.client.open(cluster, undefined);
  it.client.open(route, ['x', 'y', 'plain']);
  await it.all();
  it.client.open(virtualHost, undefined);
  await it.all();
  return it;
}

describe('virtual hosts on their own', () => {
  test('one response per route configuration, of those that the client has', async () => {
    const { client, all } = await room();
    client.open(route, ['x', 'y', 'plain']);
    expect(await all()).toEqual(['RouteConfiguration:plain,x,y']);
    client.open(virtualHost, undefined);
    expect(await all()).toEqual(['VirtualHost:x/a,x/b', 'VirtualHost:y/a']);
  });

  test('only what changed goes out, and removals with it', async () => {
    const { provider, all } = await converged();
    provider.set(virtualHost, 'x/a', '2');
    provider.set(virtualHost, 'x/new', '1');
    provider.delete(virtualHost, 'x/b');
    provider.set(virtualHost, 'z/a', '2');
    expect(await all()).toEqual(['VirtualHost:x/a,x/new,-x/b']);
  });

  test('behind an answer with route configurations go all of their hosts', async () => {
    const { provider, client, all } = await converged();
    provider.set(route, 'x', '2');
    expect(await all()).toEqual(['RouteConfiguration:x', 'VirtualHost:x/a,x/b']);
    provider.set(route, 'plain', '2');
    expect(await all()).toEqual(['RouteConfiguration:plain']);
    // A listener that goes and comes back.
    client.unsubscribe(route, ['y']);
    expect(await all()).toEqual(['VirtualHost:-y/a']);
    client.subscribe(route, ['y']);
    expect(await all()).toEqual(['RouteConfiguration:y', 'VirtualHost:y/a']);
  });

  test('hosts never overtake their new route configuration, nor its clusters', async () => {
    const { provider, client, step } = await converged();
    provider.set(cluster, 'c', '2');
    provider.set(virtualHost, 'x/a', '2');
    client.subscribe(route, ['z']);
    provider.set(route, 'z', '1');
    expect(await step()).toBe('Cluster:c');
    expect(await step()).toBe('RouteConfiguration:z');
    expect(await step()).toBe('VirtualHost:x/a');
    expect(await step()).toBe('VirtualHost:z/a');
    expect(await step()).toBe('-');
  });

  test('a refused group is sent again with its next change, the others are not', async () => {
    const { provider, step } = await converged();
    provider.set(virtualHost, 'x/a', 'bad');
    provider.set(virtualHost, 'y/a', '2');
    expect(await step('refuse')).toBe('VirtualHost:x/a');
    expect(await step()).toBe('VirtualHost:y/a');
    provider.set(virtualHost, 'x/b', '2');
    expect(await step()).toBe('VirtualHost:x/b,x/a');
  });

  test('a client that reconnects gets the difference, whatever order it asks in', async () => {
    const { provider, client, clock, step, all } = await converged();
    const hosts = new Map(client.type(virtualHost).has);
    client.stream.close();
    provider.set(virtualHost, 'x/b', '2');
    provider.delete(virtualHost, 'y/a');
    provider.set(virtualHost, 'y/b', '1');
    const routes = client.types.get(route);
    client.types.delete(route);
    client.connect();
    await clock.settle();
    expect(await step()).toBe('Cluster:');
    // Without the names of the route configurations everything would look gone.
    expect(await step()).toBe('-');
    expect([...client.type(virtualHost).has.keys()]).toEqual([...hosts.keys()]);
    client.open(route, [...(routes?.names ?? [])]);
    expect(await all()).toEqual(['RouteConfiguration:plain,x,y', 'VirtualHost:x/b,x/a', 'VirtualHost:y/b,-y/a']);
  });
});
