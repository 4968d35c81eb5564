import { describe, expect, test } from '@jest/globals';
import type { Telemetry, TelemetrySpec } from '../api/istio.js';
import { Graph } from '../graph/graph.js';
import { defineMesh } from './define-mesh.js';
import { mergeLogging, mergeTracing } from './telemetry-merge.js';
import { mergeMetrics } from './telemetry-metrics.js';

interface Row {
  readonly key: string;
  readonly createdAt?: number;
  readonly spec?: TelemetrySpec;
}
/** Names of the providers in the order in which the specs of a workload come. */
function order(rows: readonly Row[], namespace: string, labels: Record<string, string> = {}): string[] {
  const graph = new Graph();
  const mesh = defineMesh(graph);
  graph.transaction(() => {
    for (const { key, createdAt = 1, spec } of rows) {
      const [at = '', name = ''] = key.split('/');
      const metadata = { name, namespace: at, labels: {}, annotations: {} };
      const tracing = [{ providers: [{ name }] }];
      const row = { kind: 'Telemetry', apiVersion: 'telemetry.istio.io/v1', metadata, spec: { ...spec, tracing }, createdAt };
      mesh.rows.of('Telemetry').set(row as unknown as Telemetry);
    }
  });
  const read = graph.query('test', () => mesh.telemetries.of({ namespace, labels }));
  return read.get('').map(({ tracing }) => tracing?.[0]?.providers?.[0]?.name ?? '');
}
const app = { selector: { matchLabels: { app: 'a' } } };
const gateway = (name: string, namespace?: string) => ({
  targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name, ...(namespace && { namespace }) }],
});

describe('Telemetry of a workload', () => {
  test('TE-001: the mesh’s, the namespace’s, the workload’s', () => {
    const rows = [{ key: 'shop/own', spec: app }, { key: 'shop/all' }, { key: 'istio-system/mesh' }, { key: 'other/not' }];
    expect(order(rows, 'shop', { app: 'a' })).toEqual(['mesh', 'all', 'own']);
    expect(order(rows, 'shop', { app: 'b' })).toEqual(['mesh', 'all']);
  });
  test('TE-001: of a namespace’s the oldest counts, of a workload’s all do, the youngest last', () => {
    const rows = [
      { key: 'shop/young', createdAt: 9 },
      { key: 'shop/old', createdAt: 1 },
      { key: 'shop/b', createdAt: 8, spec: app },
      { key: 'shop/c', createdAt: 2, spec: app },
    ];
    expect(order(rows, 'shop', { app: 'a' })).toEqual(['old', 'c', 'b']);
  });
  test('TE-001: a selector in the root namespace reaches its own workloads only', () => {
    expect(order([{ key: 'istio-system/r', spec: app }], 'shop', { app: 'a' })).toEqual([]);
    expect(order([{ key: 'istio-system/r', spec: app }, { key: 'istio-system/m' }], 'istio-system', { app: 'a' })).toEqual(['m', 'r']);
  });
  test('TE-017: a targetRef means the proxies of a Gateway of its namespace', () => {
    const labels = { 'gateway.networking.k8s.io/gateway-name': 'web' };
    const rows = [
      { key: 'edge/t', spec: gateway('web') },
      { key: 'edge/u', spec: gateway('other') },
      { key: 'edge/v', spec: gateway('web', 'far') },
    ];
    expect(order(rows, 'edge', labels)).toEqual(['t']);
    expect(order(rows, 'edge')).toEqual([]);
    expect(order(rows, 'shop', labels)).toEqual([]);
  });
});

const by = (...names: string[]) => ({ providers: names.map((name) => ({ name })) });
const log = (...accessLogging: NonNullable<TelemetrySpec['accessLogging']>): TelemetrySpec => ({ accessLogging });

describe('logging', () => {
  const chosen = (specs: TelemetrySpec[], mode: 'CLIENT' | 'SERVER' = 'CLIENT', defaults: string[] = []) =>
    mergeLogging(specs, defaults, mode)?.map(({ provider, disabled, filter }) => `${disabled ? '-' : ''}${provider}${filter && ` ${filter}`}`);

  test('TE-012: nothing said, nothing chosen; defaults are', () => {
    expect(chosen([{}])).toBeUndefined();
    expect(chosen([{}], 'CLIENT', ['a'])).toEqual(['a']);
  });
  test('TE-001: a narrower resource replaces the providers', () => {
    expect(chosen([log(by('a', 'b')), log(by('c'))])).toEqual(['c']);
  });
  test('TE-012: disabled without providers means those of the broader one, on the side that it names', () => {
    const specs = [log(by('a')), log({ disabled: true, match: { mode: 'SERVER' } })];
    expect(chosen(specs, 'SERVER')).toEqual(['-a']);
    expect(chosen(specs, 'CLIENT')).toEqual(['a']);
  });
  test('TE-012: disabled and switched on again further in', () => {
    expect(chosen([log(by('a')), log({ disabled: true }), log(by('b'))])).toEqual(['b']);
  });
  test('TE-013: the last rule that names a provider gives its filter', () => {
    expect(chosen([log({ ...by('a'), filter: { expression: 'x' } }), log({ ...by('a'), filter: { expression: 'y' } })])).toEqual(['a y']);
    expect(chosen([log({ ...by('a'), filter: { expression: 'x' } }), log(by('a'))])).toEqual(['a']);
  });

  test('TE-012: a filter that Envoy would refuse is left out, and everything is logged', () => {
    for (const expression of ['x ==', '[1].exists(y, y == 1)']) expect(chosen([log({ ...by('a'), filter: { expression } })])).toEqual(['a']);
  });
  test('TE-012: each side its own provider', () => {
    const specs = [log({ ...by('c'), match: { mode: 'CLIENT' } }, { ...by('s'), match: { mode: 'SERVER' } })];
    expect([chosen(specs, 'CLIENT'), chosen(specs, 'SERVER')]).toEqual([['c'], ['s']]);
  });
});

describe('tracing', () => {
  test('TE-008: nothing said, nothing chosen; of several providers the first', () => {
    expect(mergeTracing([{}], [], 'CLIENT')).toBeUndefined();
    expect(mergeTracing([], ['d', 'e'], 'CLIENT')).toMatchObject({ provider: 'd', disabled: false });
    expect(mergeTracing([{ tracing: [by('a', 'b')] }], ['d'], 'CLIENT')?.provider).toBe('a');
  });
  test('TE-010: field by field the narrowest; tags are replaced as a whole', () => {
    const tags = (name: string) => ({ customTags: { [name]: { literal: { value: name } } } });
    const specs: TelemetrySpec[] = [
      { tracing: [{ ...by('a'), ...tags('mesh'), randomSamplingPercentage: 50 }] },
      { tracing: [{ ...tags('own'), useRequestIdForTraceSampling: false }] },
      { tracing: [{ disableSpanReporting: true, match: { mode: 'SERVER' } }] },
    ];
    const client = mergeTracing(specs, [], 'CLIENT');
    expect(client).toMatchObject({ provider: 'a', sampling: 50, disabled: false, useRequestIdForTraceSampling: false });
    expect(Object.keys(client?.customTags ?? {})).toEqual(['own']);
    expect(mergeTracing(specs, [], 'SERVER')?.disabled).toBe(true);
  });
  test('TE-009: zero is a percentage too', () => {
    expect(mergeTracing([{ tracing: [{ randomSamplingPercentage: 0 }] }], ['a'], 'CLIENT')?.sampling).toBe(0);
  });
});

describe('metrics', () => {
  const merged = (metrics: NonNullable<TelemetrySpec['metrics']>, mode: 'CLIENT' | 'SERVER' = 'CLIENT', defaults = ['p']) =>
    mergeMetrics([{ metrics }], defaults, mode);

  test('TE-002: defaults without rules, and providers that rules name', () => {
    expect(mergeMetrics([], ['p'], 'CLIENT')).toEqual([{ provider: 'p', reportingInterval: '', changes: [] }]);
    expect(merged([by('q')]).map(({ provider }) => provider)).toEqual(['q']);
  });
  test('TE-003: all metrics off for a side, and on again by any later change', () => {
    const off = { overrides: [{ disabled: true, match: { mode: 'CLIENT' as const } }] };
    expect(merged([off])).toEqual([]);
    expect(merged([off], 'SERVER')).toHaveLength(1);
    expect(merged([off, { overrides: [{ match: { metric: 'REQUEST_COUNT' }, disabled: false }] }])).toHaveLength(1);
  });
  test('TE-004: tags of all metrics and of one, the later rule wins', () => {
    const [choice] = merged([
      { overrides: [{ tagOverrides: { a: { value: 'x' }, b: { operation: 'REMOVE' } } }] },
      { overrides: [{ match: { metric: 'TCP_SENT_BYTES' }, tagOverrides: { b: { value: 'y' } } }] },
    ]);
    expect(choice?.changes).toHaveLength(10);
    expect(choice?.changes.find(({ name }) => name === 'requests_total')).toMatchObject({ tags: { a: 'x' }, removedTags: ['b'] });
    expect(choice?.changes.find(({ name }) => name === 'tcp_sent_bytes_total')).toMatchObject({ tags: { a: 'x', b: 'y' }, removedTags: [] });
  });
  test('TE-005: the last interval', () => {
    expect(merged([{ reportingInterval: '5s' }, {}, { reportingInterval: '7s' }])[0]?.reportingInterval).toBe('7s');
  });
});
