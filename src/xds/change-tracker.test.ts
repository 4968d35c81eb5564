import { describe, expect, test } from '@jest/globals';
import { type CarriedPush, type ChangeReport, ChangeTracker } from './change-tracker.js';
import type { XdsLimits } from './limits.js';
import { TypeUrl } from './push-order.js';
import { XdsServer } from './server.js';
import { FakeClock } from './testing/fake-clock.js';
import { FakeProvider } from './testing/fake-provider.js';
import { DeltaClient, SotwClient } from './testing/model-client.js';

const { cluster, listener } = TypeUrl;

/** Clients that have everything, and a mesh whose changes are followed. */
async function followed(variants: readonly ('delta' | 'sotw')[], limits: Partial<XdsLimits> = {}) {
  const clock = new FakeClock();
  const provider = new FakeProvider();
  for (const type of [cluster, listener]) provider.set(type, 'a', '1');
  const done: ChangeReport[] = [];
  const sent: (CarriedPush & { change: number })[] = [];
  const changes = new ChangeTracker({ done: (report) => done.push(report), sent: (push, change) => sent.push({ ...push, change }) });
  const server = new XdsServer({ provider, clock, limits, changes });
  const clients = variants.map((variant) => new (variant === 'delta' ? DeltaClient : SotwClient)(server));
  const answer = async (of = clients, verdict: 'accept' | 'refuse' = 'accept') => {
    for (let i = 0; i < 9; i++) {
      await clock.settle();
      for (const client of of) client.step(() => verdict);
    }
    await clock.settle();
  };
  for (const client of clients) {
    client.connect();
    for (const type of [cluster, listener]) client.open(type, undefined);
  }
  await answer();
  const change = (write: () => void, at = clock.now()) => changes.change(at, () => clock.now(), write);
  return { clock, provider, clients, changes, done, sent, answer, change };
}

describe('MT-001: a change is through when the last proxy that was sent something has answered', () => {
  test.each(['delta', 'sotw'] as const)('%s: not when it is sent, not when the first has answered', async (variant) => {
    const { clock, provider, clients, done, answer, change } = await followed([variant, variant]);
    change(() => provider.set(cluster, 'a', '2'), clock.now() - 10);
    await clock.advance(5);
    expect(done).toEqual([]);
    await answer(clients.slice(0, 1));
    expect(done).toEqual([]);
    await clock.advance(7);
    await answer();
    expect(done).toEqual([{ change: 1, outcome: 'accepted', at: expect.any(Number), ms: 22, responses: 2 }]);
  });

  test('types that the gate holds back belong to it', async () => {
    const { clock, provider, clients, done, answer, change } = await followed(['delta']);
    change(() => {
      provider.set(cluster, 'a', '2');
      provider.set(listener, 'a', '2');
    });
    await clock.settle();
    clients[0]!.step(() => 'accept');
    expect(done).toEqual([]);
    await answer();
    expect(done).toMatchObject([{ outcome: 'accepted', responses: 2 }]);
  });

  test('what changes nothing for anybody is told as that', async () => {
    const { provider, done, answer, change } = await followed(['delta']);
    change(() => undefined);
    expect(done).toMatchObject([{ change: 1, outcome: 'unaffected', responses: 0 }]);
    change(() => provider.changed(cluster));
    await answer();
    expect(done[1]).toMatchObject({ change: 2, outcome: 'unaffected' });
  });

  test('changes that go out in one response are through together', async () => {
    const { provider, done, sent, answer, change } = await followed(['delta']);
    change(() => provider.set(cluster, 'a', '2'));
    change(() => provider.set(cluster, 'a', '3'));
    await answer();
    expect(sent.map(({ change: number, typeUrl }) => [number, typeUrl])).toEqual([
      [1, cluster],
      [2, cluster],
    ]);
    expect(new Set(sent.map(({ nonce }) => nonce)).size).toBe(1);
    expect(done.map(({ change: number, outcome }) => [number, outcome])).toEqual([
      [1, 'accepted'],
      [2, 'accepted'],
    ]);
  });

  test('a change that comes while another waits to be read is not through before that read', async () => {
    const { clock, provider, clients, done, answer, change } = await followed(['delta']);
    change(() => {
      provider.set(cluster, 'a', '2');
      provider.set(listener, 'a', '2');
    });
    await clock.settle();
    // The listener is held back by the gate, so nobody is told of it again.
    change(() => provider.set(listener, 'a', '3'));
    expect(done).toEqual([]);
    clients[0]!.step(() => 'accept');
    await clock.settle();
    expect(done).toEqual([]);
    await answer();
    expect(done).toHaveLength(2);
  });

  test('MT-002: a refusal by any proxy is told', async () => {
    const { provider, clients, done, answer, change } = await followed(['delta', 'delta']);
    change(() => provider.set(cluster, 'a', '2'));
    await answer(clients.slice(0, 1), 'refuse');
    await answer(clients.slice(1));
    expect(done).toMatchObject([{ outcome: 'refused', responses: 2 }]);
  });

  test('a proxy that leaves holds nothing up', async () => {
    const { clock, provider, clients, done, changes, change } = await followed(['delta']);
    change(() => provider.set(cluster, 'a', '2'));
    await clock.settle();
    change(() => provider.set(cluster, 'a', '3'));
    clients[0]!.stream.close();
    expect(done.map(({ outcome }) => outcome)).toEqual(['accepted', 'unaffected']);
    expect(changes.open).toBe(0);
  });

  test('what is never answered is given up: by age and by number', async () => {
    const { clock, provider, changes, done, change } = await followed(['delta'], { ackLimitMs: 1e9 });
    change(() => provider.set(cluster, 'a', '2'));
    await clock.advance(400_000);
    change(() => undefined);
    expect(done).toMatchObject([
      { change: 1, outcome: 'lost' },
      { change: 2, outcome: 'unaffected' },
    ]);
    for (let i = 0; i < 1_000; i++) change(() => provider.set(cluster, 'a', `x${i}`));
    expect(changes.open).toBeLessThanOrEqual(256);
  });

  test('nothing stays open over random edits, answers and departures', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      let state = seed;
      const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
      const { clock, provider, clients, changes, answer, change } = await followed(['delta', 'sotw', 'delta']);
      for (let i = 0; i < 60; i++) {
        const type = [cluster, listener][random(2)]!;
        const write = () => (random(4) === 0 ? provider.delete(type, 'b') : provider.set(type, ['a', 'b'][random(2)]!, `${random(3)}`));
        if (random(2) === 0) change(write);
        else if (random(3) === 0) write();
        if (random(3) === 0) clients[random(3)]!.step(() => (random(5) === 0 ? 'refuse' : 'accept'));
        if (random(2) === 0) await clock.advance(random(2_000));
      }
      if (random(2) === 0) clients[0]!.stream.close();
      await answer(clients);
      await clock.advance(60_000);
      await answer(clients);
      expect([seed, changes.open]).toEqual([seed, 0]);
    }
  });
});
