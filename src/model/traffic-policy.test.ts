import { describe, expect, test } from '@jest/globals';
import type { DestinationRuleSpec } from '../api/istio.js';
import { effectivePolicy, rulePolicy, ruleTlsMode } from './traffic-policy.js';

const spec = (value: object): DestinationRuleSpec => ({ host: 'a', ...value }) as DestinationRuleSpec;
const pool = (maxConnections: number) => ({ tcp: { maxConnections } });

describe('traffic policy of a port and subset', () => {
  const rule = spec({
    trafficPolicy: {
      connectionPool: pool(1),
      loadBalancer: { simple: 'RANDOM' },
      tls: { mode: 'SIMPLE' },
      proxyProtocol: { version: 'V1' },
      portLevelSettings: [{ port: { number: 81 }, connectionPool: pool(2) }],
    },
    subsets: [
      { name: 'v1', trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } },
      { name: 'v2', trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, outlierDetection: {} }] } },
    ],
  });

  test('DR-007 a port level entry replaces all', () => {
    expect(rulePolicy(rule, 81)).toEqual({ connectionPool: pool(2) });
  });
  test('DR-006 a subset overlays block by block', () => {
    expect(rulePolicy(rule, 80, 'v1')).toEqual({
      connectionPool: pool(1),
      loadBalancer: { simple: 'ROUND_ROBIN' },
      tls: { mode: 'SIMPLE' },
      proxyProtocol: { version: 'V1' },
    });
  });
  test("DR-006 DR-007 a subset's port level clears what a port level can hold", () => {
    expect(rulePolicy(rule, 80, 'v2')).toEqual({ outlierDetection: {}, proxyProtocol: { version: 'V1' } });
  });
  test('DR-032 mesh defaults fill what the rule leaves out', () => {
    const defaults = { connectionPool: pool(9), outlierDetection: { consecutive5xxErrors: 4 } };
    expect(effectivePolicy(defaults, undefined, 80)).toEqual(defaults);
    expect(effectivePolicy(defaults, rule, 81)).toEqual({ connectionPool: pool(2), outlierDetection: { consecutive5xxErrors: 4 } });
    expect(effectivePolicy(undefined, undefined, 80)).toBeUndefined();
  });
  test('DR-022 endpoints see the tls mode of the level above when a port level has none', () => {
    expect(ruleTlsMode(rule, 81)).toBe('SIMPLE');
    expect(ruleTlsMode(rule, 80, 'v1')).toBe('SIMPLE');
    expect(ruleTlsMode(spec({ trafficPolicy: { tls: {} } }), 80)).toBe('DISABLE');
    expect(ruleTlsMode(spec({}), 80)).toBeUndefined();
  });
});
