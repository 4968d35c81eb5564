import { describe, expect, test } from '@jest/globals';
import type { DestinationRule } from '../api/istio.js';
import { buildRuleTable, findRules } from './destination-rule-table.js';

let age = 0;
const rule = (name: string, spec: Record<string, unknown>): DestinationRule =>
  ({
    kind: 'DestinationRule',
    apiVersion: 'networking.istio.io/v1',
    metadata: { name, namespace: 'ns', labels: {}, annotations: {} },
    spec,
    createdAt: age++,
  }) as unknown as DestinationRule;
const table = (rows: DestinationRule[]) => buildRuleTable(rows, 'cluster.local', () => true);
const keysOf = (rows: DestinationRule[], hostname: string) => findRules(table(rows), hostname).map(({ keys }) => keys);

describe('rules of one namespace', () => {
  test('DR-001 the most specific host wins; short names mean services of the namespace', () => {
    const rows = [rule('all', { host: '*' }), rule('wide', { host: '*.ns.svc.cluster.local' }), rule('short', { host: 'a' })];
    expect(keysOf(rows, 'a.ns.svc.cluster.local')).toEqual([['ns/short']]);
    expect(keysOf(rows, 'b.ns.svc.cluster.local')).toEqual([['ns/wide']]);
    expect(keysOf(rows, 'example.com')).toEqual([['ns/all']]);
  });
  test('DR-003 equal visibility merges, the oldest first', () => {
    const old = rule('z', { host: 'a' });
    const young = rule('a', { host: 'a' });
    expect(keysOf([young, old], 'a.ns.svc.cluster.local')).toEqual([['ns/z', 'ns/a']]);
  });
  test('DR-003 different exportTo stays apart', () => {
    expect(keysOf([rule('x', { host: 'a', exportTo: ['.'] }), rule('y', { host: 'a', exportTo: ['*'] })], 'a.ns.svc.cluster.local')).toEqual([
      ['ns/x'],
      ['ns/y'],
    ]);
  });
  test('DR-003 a younger rule seen further merges into the older one; one seen less does not', () => {
    const near = ['.'];
    const far = ['other', '.'];
    const keys = (first: string[], second: string[]) =>
      keysOf([rule('x', { host: 'a', exportTo: first }), rule('y', { host: 'a', exportTo: second })], 'a.ns.svc.cluster.local');
    expect(keys(near, far)).toEqual([['ns/x', 'ns/y']]);
    expect(keys(far, near)).toEqual([['ns/x'], ['ns/y']]);
    expect(keys([], far)).toEqual([['ns/x'], ['ns/y']]);
  });
  test('DR-005 rules for chosen workloads come first and merge only with their like', () => {
    const workloadSelector = { matchLabels: { app: 'x' } };
    const rows = [
      rule('general', { host: 'a', exportTo: ['.'] }),
      rule('chosen', { host: 'a', workloadSelector }),
      rule('too', { host: 'a', workloadSelector }),
    ];
    expect(keysOf(rows, 'a.ns.svc.cluster.local')).toEqual([['ns/chosen', 'ns/too'], ['ns/general']]);
  });
});
