import { describe, expect, test } from '@jest/globals';
import { fails, holds } from './condition.js';
import type { StatusDraft } from './draft.js';
import { settle } from './settle.js';

const NOW = '2026-05-01T00:00:00Z';
const THEN = '2026-01-01T00:00:00Z';
const head = { kind: 'K8sGateway', apiVersion: 'gateway.networking.k8s.io/v1', namespace: 'shop', name: 'public', generation: 2 } as const;
const draft = (more: Partial<StatusDraft>): StatusDraft => ({ ...head, ...more });
const stands = (type: string, status = 'True', more = {}) => ({
  type,
  status,
  reason: type,
  message: '',
  observedGeneration: 2,
  lastTransitionTime: THEN,
  ...more,
});
const routeOf = (...names: string[]): StatusDraft =>
  draft({ kind: 'HTTPRoute', parents: names.map((name) => ({ ref: { name }, conditions: [holds('Accepted', 'Accepted', '')] })) });
const entry = (name: string, controllerName = 'istio.io/gateway-controller', more: object[] = []) => ({
  parentRef: { name },
  controllerName,
  conditions: [...more, stands('Accepted')],
});

describe('conditions (GA-025)', () => {
  const ready = draft({ conditions: [holds('Accepted', 'Accepted', '')] });

  test('nothing is written when the object says it, whatever others say beside it', () => {
    expect(settle(ready, { conditions: [stands('Other'), stands('Accepted')] }, NOW)).toBeUndefined();
  });

  test.each([
    ['another generation', { observedGeneration: 1 }],
    ['another reason', { reason: 'Odd' }],
    ['another message', { message: 'odd' }],
  ])('%s is written without a new time', (_, more) => {
    const settled = settle(ready, { conditions: [stands('Accepted', 'True', more)] }, NOW);
    expect(settled?.status).toEqual({ conditions: [stands('Accepted')] });
    expect(settled).toMatchObject({ isGuarded: false, isReplacing: false });
  });

  test('a status that turns gets the time of now', () => {
    const [condition] = (settle(ready, { conditions: [stands('Accepted', 'False')] }, NOW)?.status['conditions'] ?? []) as {
      lastTransitionTime: string;
    }[];
    expect(condition?.lastTransitionTime).toBe(NOW);
  });

  test('a condition that was ours and is over goes, whoever wrote it; those of others go along', () => {
    const settled = settle(
      draft({ conditions: [holds('Accepted', 'Accepted', '')], obsolete: ['Old'] }),
      { conditions: ['Other', 'Old', 'Accepted'].map((one) => stands(one)) },
      NOW,
    );
    expect(settled).toEqual({ status: { conditions: [stands('Other'), stands('Accepted')] }, isGuarded: true, isReplacing: true });
  });

  test('of Istio’s kinds the list is one value, so others are repeated, onto the version that was read', () => {
    const health = draft({ kind: 'WorkloadEntry', apiVersion: 'networking.istio.io/v1', conditions: [fails('Healthy', 'Unhealthy', 'down')] });
    const settled = settle(health, { conditions: [stands('Other')] }, NOW);
    expect(settled?.isGuarded).toBe(true);
    expect(settled?.status['conditions']).toMatchObject([{ type: 'Other' }, { type: 'Healthy' }]);
  });
});

test('two who keep conditions in one list come to rest, whatever the order', () => {
  const one = draft({ apiVersion: 'networking.istio.io/v1', conditions: [holds('Accepted', 'Accepted', '')] });
  const other = draft({ apiVersion: 'networking.istio.io/v1', conditions: [holds('Healthy', 'Healthy', '')] });
  const first = settle(one, {}, NOW)?.status ?? {};
  const both = settle(other, first, NOW)?.status ?? {};
  expect([settle(one, both, NOW), settle(other, both, NOW)]).toEqual([undefined, undefined]);
});

test('GA-024: a count that is gone becomes 0 where it stands, and is not brought up elsewhere', () => {
  const none = draft({ fields: {}, zeroed: ['attachedListenerSets'] });
  expect(settle(none, { attachedListenerSets: 2 }, NOW)?.status).toEqual({ attachedListenerSets: 0 });
  expect(settle(none, {}, NOW)).toBeUndefined();
});

describe('listeners (GA-025)', () => {
  const listener = { name: 'http', kinds: ['HTTPRoute'], attachedRoutes: 1, conditions: [holds('Accepted', 'Accepted', '')] } as const;
  const live = {
    name: 'http',
    supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
    attachedRoutes: 1,
    conditions: [stands('Accepted')],
  };

  test('nothing is written while they are the same', () =>
    expect(settle(draft({ listeners: [listener] }), { listeners: [live] }, NOW)).toBeUndefined());

  test('a route more is written', () =>
    expect(settle(draft({ listeners: [{ ...listener, attachedRoutes: 2 }] }), { listeners: [live] }, NOW)?.status).toEqual({
      listeners: [{ ...live, attachedRoutes: 2 }],
    }));

  test('one that is gone from the spec goes from the status, also when another control plane wrote it', () =>
    expect(settle(draft({ listeners: [listener] }), { listeners: [live, { ...live, name: 'old' }] }, NOW)).toMatchObject({
      status: { listeners: [{ name: 'http' }] },
      isReplacing: true,
    }));
});

describe('parents of routes (GA-025)', () => {
  test('ours are put right in their places, and the rest is repeated as it is', () => {
    const live = { parents: [entry('a', 'example.com/other'), entry('b'), entry('gone')] };
    const settled = settle(routeOf('b', 'c'), live, NOW);
    expect(settled?.isGuarded).toBe(true);
    const parents = settled?.status['parents'] as ReturnType<typeof entry>[];
    expect(parents.map(({ parentRef, controllerName }) => [parentRef.name, controllerName])).toEqual([
      ['a', 'example.com/other'],
      ['b', 'istio.io/gateway-controller'],
      ['c', 'istio.io/gateway-controller'],
    ]);
    expect(parents[0]).toEqual(live.parents[0]);
    expect(settle(routeOf('b', 'c'), { parents }, NOW)).toBeUndefined();
  });

  test('other conditions in an entry of ours stay', () => {
    const live = { parents: [entry('b', undefined, [stands('Mine')])] };
    expect(settle(routeOf('b'), live, NOW)).toBeUndefined();
  });

  test('references are the same with and without what the defaults say', () => {
    const live = { parents: [{ ...entry('b'), parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'shop', name: 'b' } }] };
    expect(settle(routeOf('b'), live, NOW)?.status['parents']).toHaveLength(1);
  });

  test('a route that is nobody’s of ours is left alone, unless it was', () => {
    expect(settle(routeOf(), {}, NOW)).toBeUndefined();
    expect(settle(routeOf(), { parents: [entry('a', 'example.com/other')] }, NOW)).toBeUndefined();
    expect(settle(routeOf(), { parents: [entry('b')] }, NOW)?.status).toEqual({ parents: [] });
  });
});

test('GA-026: an address that was told stays while there is no better one, and is written along', () => {
  const addresses = [{ type: 'IPAddress', value: '192.0.2.1' }];
  const without = draft({ conditions: [fails('Programmed', 'AddressNotAssigned', '')], fields: {}, kept: ['addresses'] });
  expect(settle(without, { addresses, conditions: [stands('Programmed')] }, NOW)?.status['addresses']).toEqual(addresses);
});
