import { describe, expect, test } from '@jest/globals';
import type { XdsLimits } from './limits.js';
import type { XdsObserver } from './observer.js';
import { TypeUrl } from './push-order.js';
import { XdsServer } from './server.js';
import { FakeClock } from './testing/fake-clock.js';
import { FakeProvider } from './testing/fake-provider.js';
import { DeltaClient, SotwClient } from './testing/model-client.js';

const { cluster, endpoint, listener, route, secret } = TypeUrl;

/** A client that has everything, and a mesh to change under it. */
async function converged(variant: 'delta' | 'sotw', limits: Partial<XdsLimits> = {}, observer: XdsObserver = {}) {
  const clock = new FakeClock();
  const provider = new FakeProvider();
  for (const type of [cluster, endpoint, listener, route]) for (const name of ['a', 'b']) provider.set(type, name, '1');
  const client = new (variant === 'delta' ? DeltaClient : SotwClient)(new XdsServer({ provider, clock, limits, observer }));
  client.connect();
  for (const type of [cluster, listener]) client.open(type, undefined);
  for (const type of [endpoint, route]) client.open(type, ['a', 'b']);
  const step = async (verdict: 'accept' | 'refuse' = 'accept') => {
    await clock.settle();
    client.step(() => verdict);
    await clock.settle();
    return client.log.splice(0).join(' ') || '-';
  };
  while ((await step()) !== '-') {}
  return { clock, provider, client, step };
}

describe('make before break', () => {
  test('XD-003 XD-007 routes wait for the ACK of their clusters; endpoints follow the clusters unasked', async () => {
    const { provider, step } = await converged('delta');
    provider.set(route, 'a', '2', { uses: ['b', 'new'] });
    provider.set(route, 'b', '2', { uses: ['b'] });
    provider.set(listener, 'a', '2', { uses: ['a'] });
    provider.set(listener, 'b', '2');
    provider.set(endpoint, 'new', '1');
    provider.set(cluster, 'new', '1');
    provider.set(cluster, 'a', '2');
    expect(await step()).toBe('Cluster:a,new');
    expect(await step()).toBe('ClusterLoadAssignment:new');
    expect(await step()).toBe('ClusterLoadAssignment:a');
    expect(await step()).toBe('Listener:b');
    expect(await step()).toBe('RouteConfiguration:b');
    expect(await step()).toBe('Listener:a');
    expect(await step()).toBe('RouteConfiguration:a');
    expect(await step()).toBe('-');
  });

  test('XD-003 without an ACK the routes go after the limit, and it is reported', async () => {
    let expired = 0;
    const { clock, provider, client } = await converged('delta', {}, { gateExpired: () => void (expired += 1) });
    provider.set(cluster, 'c', '1');
    provider.set(route, 'a', '2', { uses: ['c'] });
    await clock.settle();
    const before = client.stream.sent.length;
    await clock.advance(14_999);
    expect([client.stream.sent.length - before, expired]).toEqual([0, 0]);
    await clock.advance(2);
    expect([client.stream.sent.length - before, expired]).toEqual([1, 1]);
  });

  test('XD-005 after refused clusters the routes wait for better ones', async () => {
    const { provider, step } = await converged('delta');
    provider.set(cluster, 'c', 'bad');
    provider.set(route, 'a', '2', { uses: ['c'] });
    expect(await step('refuse')).toBe('Cluster:c');
    expect(await step()).toBe('-');
    provider.set(cluster, 'c', 'good');
    expect(await step()).toBe('Cluster:c');
    expect(await step()).toBe('RouteConfiguration:a');
  });

  test.each(['delta', 'sotw'] as const)('XD-003 %s: clusters go after their routes and a grace', async (variant) => {
    const { clock, provider, step } = await converged(variant);
    provider.delete(cluster, 'b');
    provider.set(route, 'a', '2');
    expect(await step()).toBe('RouteConfiguration:a');
    await clock.advance(2_990);
    expect(await step()).toBe('-');
    await clock.advance(20);
    expect(await step()).toBe(variant === 'delta' ? 'Cluster:-b' : 'Cluster:a');
  });

  test.each(['delta', 'sotw'] as const)(
    'XD-003 XD-007 %s: endpoints of a service that is gone stay until the routes have left it',
    async (variant) => {
      const { clock, provider, step } = await converged(variant);
      provider.set(cluster, 'c', '1');
      provider.delete(cluster, 'b');
      provider.set(endpoint, 'b', '', { isStandIn: true });
      provider.set(route, 'a', '2');
      const said: string[] = [];
      for (let answer = await step(); answer !== '-'; answer = await step()) said.push(answer);
      expect(said[0]).toMatch(/^Cluster:.*c/);
      expect(said.at(-1)).toBe('RouteConfiguration:a');
      expect(said.join(' ')).not.toMatch(/ClusterLoadAssignment:.*b/);
      await clock.advance(3_010);
      const late = [await step(), await step()].join(' ');
      expect(late).toContain('Cluster:');
      expect(late).toMatch(/ClusterLoadAssignment:.*b/);
    },
  );

  test('XD-003 SotW keeps sending a cluster whose routes are still there', async () => {
    const { provider, step } = await converged('sotw');
    provider.delete(cluster, 'b');
    provider.set(cluster, 'a', '2');
    expect(await step()).toBe('Cluster:a,b');
    expect(await step()).toBe('ClusterLoadAssignment:a');
  });

  test('XD-002 a client that reconnects gets its routes after its clusters', async () => {
    const { provider, client, step } = await converged('delta');
    client.stream.close();
    provider.set(cluster, 'a', '2');
    provider.set(listener, 'a', '2');
    provider.set(route, 'a', '2');
    client.connect();
    expect(await step()).toBe('Cluster:a');
    expect(await step()).toBe('ClusterLoadAssignment:a');
    expect(await step()).toBe('Listener:a');
    expect(await step()).toBe('RouteConfiguration:a');
  });
});

describe('flow', () => {
  test('XD-012 one unanswered push per type; newer changes merge', async () => {
    const { clock, provider, client, step } = await converged('delta');
    provider.set(listener, 'a', '2');
    await clock.settle();
    provider.set(listener, 'a', '3');
    provider.set(listener, 'b', '3');
    await clock.settle();
    expect(await step()).toBe('Listener:a');
    expect(await step()).toBe('Listener:a,b');
    expect(client.type(listener).has.get('a')?.text).toBe('a=3');
    expect(await step()).toBe('-');
  });

  test('XD-012 a client that does not read waits, is not served, and is closed at last', async () => {
    const { clock, provider, client } = await converged('delta', { maxBufferedBytes: 10 });
    client.stream.reads = false;
    provider.set(cluster, 'a', '2');
    provider.set(listener, 'b', '2');
    await clock.settle();
    const stuck = client.stream.sent.length;
    provider.set(endpoint, 'a', '2');
    await clock.advance(50_000);
    expect(client.stream.sent.length).toBe(stuck);
    expect(client.stream.ended).toBeUndefined();
    await clock.advance(12_000);
    expect(client.stream.ended?.status).toBe(4);
  });

  test('XD-017 no secret over plaintext', async () => {
    let refused = 0;
    const { provider, client, step } = await converged('delta', {}, { secretRefused: () => void (refused += 1) });
    provider.set(secret, 'key', 'hush');
    client.open(secret, ['key']);
    expect([await step(), refused]).toEqual(['Secret:-key', 1]);
  });

  test('watches are closed with the stream', async () => {
    const { provider, client } = await converged('delta');
    expect(provider.open).toBe(4);
    client.stream.close();
    expect(provider.open).toBe(0);
  });
});
