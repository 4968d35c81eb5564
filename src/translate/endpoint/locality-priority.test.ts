import { describe, expect, test } from '@jest/globals';
import type { Locality } from '../../model/service.js';
import type { LocalityGroup, Member } from './locality-group.js';
import { balanceLocalities, type Client, localityMatches } from './locality-priority.js';
import { type LocalityBalancing, NETWORK_LABEL } from './locality-settings.js';

const place = (text: string): Locality => {
  const [region = '', zone = '', subzone = ''] = text.split('/');
  return { region, zone, subzone };
};
const member = (labels: Record<string, string> = {}, weight = 1): Member => ({
  hasAddress: true,
  labels,
  network: '',
  clusterId: '',
  mutualTls: false,
  weight,
  message: {},
});
const group = (at: string, members: Member[] = [member()]): LocalityGroup => ({
  locality: place(at),
  members,
  weight: members.reduce((sum, { weight }) => sum + weight, 0),
  priority: 0,
});
const client = (at: string, labels: Record<string, string> = {}): Client => ({ locality: place(at), labels });
const setting = (value: object, force = false): LocalityBalancing => ({ kind: 'locality', setting: value, force });
const priorities = (groups: readonly LocalityGroup[]) => groups.map(({ priority }) => priority);

describe('failover', () => {
  const groups = ['mars/a/1', 'mars/a/2', 'mars/b', 'moon', 'sun'].map((at) => group(at));

  test('DR-012 nearest first, without gaps', () => {
    expect(priorities(balanceLocalities(groups, setting({}), client('mars/a/1'), true))).toEqual([0, 1, 2, 3, 3]);
    expect(priorities(balanceLocalities(groups.slice(2), setting({}), client('mars/a/1'), true))).toEqual([0, 1, 1]);
  });
  test('DR-012 a named region comes before the others', () => {
    const failover = [{ from: 'mars', to: 'sun' }];
    expect(priorities(balanceLocalities(groups, setting({ failover }), client('mars/a/1'), true))).toEqual([0, 1, 2, 4, 3]);
  });
  test('DR-012 nothing happens without outlier detection', () => {
    expect(balanceLocalities(groups, setting({}), client('mars/a/1'), false)).toBe(groups);
  });
  test('SD-027 a forced setting needs none', () => {
    const result = balanceLocalities(groups, setting({ failoverPriority: ['zone'] }, true), client('mars', { zone: 'a' }), false);
    expect(priorities(result)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('failoverPriority', () => {
  test('DR-013 splits a locality by the first label that differs', () => {
    const groups = [group('r', [member({ v: '1', z: 'a' }), member({ v: '1', z: 'b' }), member({ v: '2', z: 'a' })])];
    const result = balanceLocalities(groups, setting({ failoverPriority: ['v', 'z'] }), client('r', { v: '1', z: 'a' }), true);
    expect(result.map(({ priority, weight }) => [priority, weight])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
  });
  test('DR-013 a value in the list overrides the client', () => {
    const result = balanceLocalities(
      [group('r', [member({ v: '2' })]), group('s', [member({ v: '1' })])],
      setting({ failoverPriority: ['v=2'] }),
      client('r', { v: '1' }),
      true,
    );
    expect(priorities(result)).toEqual([0, 1]);
  });
  test('DR-013 the rest still counts on another network', () => {
    const labels = (network: string, zone: string) => member({ [NETWORK_LABEL]: network, zone });
    const groups = [group('r', [labels('far', 'a'), labels('far', 'b'), labels('near', 'b')])];
    const result = balanceLocalities(
      groups,
      setting({ failoverPriority: [NETWORK_LABEL, 'zone'] }),
      client('r', { [NETWORK_LABEL]: 'near', zone: 'a' }),
      true,
    );
    expect(result.map(({ members }) => members[0]?.labels)).toEqual([
      { [NETWORK_LABEL]: 'near', zone: 'b' },
      { [NETWORK_LABEL]: 'far', zone: 'a' },
      { [NETWORK_LABEL]: 'far', zone: 'b' },
    ]);
  });
});

describe('distribute', () => {
  const groups = [group('r/a', [member(), member()]), group('r/b'), group('s')];

  test('DR-011 shares are divided by weight, the others are emptied', () => {
    const distribute = [{ from: 'r/*', to: { 'r/*': 70 } }];
    const result = balanceLocalities(groups, setting({ distribute }), client('r/a'), false);
    expect(result.map(({ weight, members }) => [weight, members.length])).toEqual([
      [47, 2],
      [24, 1],
      [1, 0],
    ]);
  });
  test('DR-011 a client from elsewhere sees no change', () => {
    expect(balanceLocalities(groups, setting({ distribute: [{ from: 'q', to: { r: 100 } }] }), client('r/a'), false)).toBe(groups);
  });
});

describe('zone-aware', () => {
  test('DR-015 one priority per region', () => {
    const balancing: LocalityBalancing = { kind: 'zoneAware', enabled: true, setting: { failover: [{ from: 'r', to: 's' }] } };
    expect(priorities(balanceLocalities([group('r/a'), group('r/b'), group('q'), group('s')], balancing, client('r/a'), false))).toEqual([
      0, 0, 2, 1,
    ]);
  });
});

test('locality patterns match from the left', () => {
  expect(['*', 'r', 'r/*', 'r/z/*', 'r/z/s'].every((pattern) => localityMatches(place('r/z/s'), pattern))).toBe(true);
  expect(['q', 'r/y', 'r/z/t'].some((pattern) => localityMatches(place('r/z/s'), pattern))).toBe(false);
});
