import { describe, expect, test } from '@jest/globals';
import { Graph } from '../graph/graph.js';
import { parseResources } from '../sources/load.js';
import { defineMesh } from './define-mesh.js';
import type { PatchSelection } from './envoy-filters.js';
import { parseNode } from './proxy-node.js';
import { scopeOf } from './scope.js';

interface Extra {
  readonly priority?: number;
  readonly workloadSelector?: object;
  readonly targetRefs?: object[];
  readonly proxy?: object;
  readonly at?: string;
}

const filter = (key: string, { proxy, at = '2025-01-01T00:00:00Z', ...spec }: Extra = {}): string => {
  const [namespace, name] = key.split('/');
  const configPatches = [{ applyTo: 'CLUSTER', match: { proxy }, patch: { operation: 'MERGE', value: { connect_timeout: '1s' } } }];
  return JSON.stringify({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { namespace, name, creationTimestamp: at },
    spec: { ...spec, configPatches },
  });
};

interface Node {
  readonly type?: string;
  readonly namespace?: string;
  readonly labels?: object;
  readonly metadata?: object;
}

/** Keys of the EnvoyFilters that hold for the proxy, in order. */
function selected(node: Node, ...filters: string[]): readonly string[] {
  const mesh = defineMesh(new Graph());
  const { type = 'sidecar', namespace = 'a', labels = {}, metadata = {} } = node;
  const proxy = parseNode({
    id: `${type}~10.0.0.1~p.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, LABELS: labels, ...metadata },
  });
  const { resources } = parseResources(filters.join('\n---\n'));
  mesh.graph.transaction(() => {
    for (const row of resources) mesh.rows.of(row.kind).set(row as never);
    mesh.rows.proxies.set(proxy);
  });
  const id = mesh.envoyFilters.selection(proxy.key);
  return id === '' ? [] : scopeOf<PatchSelection>(id).patches.map(([key]) => key);
}

describe('EF-001 selection', () => {
  test('the root namespace is for all, others are for their own', () => {
    expect(selected({}, filter('istio-system/r'), filter('a/own'), filter('b/other'))).toEqual(['istio-system/r', 'a/own']);
    expect(selected({ namespace: 'istio-system' }, filter('istio-system/r'))).toEqual(['istio-system/r']);
  });
  test('workloadSelector looks at all labels of the proxy', () => {
    const chosen = filter('a/w', { workloadSelector: { labels: { app: 'web', tier: 'x' } } });
    expect(selected({ labels: { app: 'web', tier: 'x', other: '1' } }, chosen)).toEqual(['a/w']);
    expect(selected({ labels: { app: 'web' } }, chosen)).toEqual([]);
  });
  test('targetRefs are for gateways of the Gateway API in their own namespace', () => {
    const group = 'gateway.networking.k8s.io';
    const target = (name: string, key = 'a/t') => filter(key, { targetRefs: [{ group, kind: 'Gateway', name }] });
    const labels = { 'gateway.networking.k8s.io/gateway-name': 'gw' };
    expect(selected({ type: 'router', labels }, target('gw'))).toEqual(['a/t']);
    expect(selected({ type: 'router', labels }, target('other'))).toEqual([]);
    expect(selected({ type: 'router', labels }, target('gw', 'istio-system/t'))).toEqual([]);
    expect(selected({ type: 'router' }, target('gw'))).toEqual([]);
    expect(selected({ type: 'router', labels }, filter('a/plain'))).toEqual(['a/plain']);
  });
});

describe('EF-002 order', () => {
  test('priority, then the root namespace, then age, then name', () => {
    const young = '2026-02-01T00:00:00Z';
    expect(
      selected(
        {},
        filter('a/b-same-age'),
        filter('a/a-same-age'),
        filter('a/young', { at: young }),
        filter('a/first', { priority: -1, at: young }),
        filter('istio-system/last', { priority: 5 }),
        filter('istio-system/young-root', { at: young }),
      ),
    ).toEqual(['a/first', 'istio-system/young-root', 'a/a-same-age', 'a/b-same-age', 'a/young', 'istio-system/last']);
  });
});

describe('EF-004 proxy', () => {
  const version = (ISTIO_VERSION: string): Node => ({ metadata: { ISTIO_VERSION } });
  test('proxyVersion is searched for, not anchored', () => {
    expect(selected(version('1.29.0'), filter('a/v', { proxy: { proxyVersion: String.raw`^1\.29` } }))).toEqual(['a/v']);
    expect(selected(version('1.29.0'), filter('a/v', { proxy: { proxyVersion: '29' } }))).toEqual(['a/v']);
    expect(selected(version('1.28.0'), filter('a/v', { proxy: { proxyVersion: String.raw`^1\.29` } }))).toEqual([]);
  });
  test('a proxy without a version matches none; too long a pattern matches none', () => {
    expect(selected({}, filter('a/v', { proxy: { proxyVersion: '.*' } }))).toEqual([]);
    expect(selected(version('1.29.0'), filter('a/v', { proxy: { proxyVersion: `1|${'x'.repeat(1100)}` } }))).toEqual([]);
  });
  test('metadata is exact and text', () => {
    const wants = filter('a/m', { proxy: { metadata: { LANE: 'fast' } } });
    expect(selected({ metadata: { LANE: 'fast' } }, wants)).toEqual(['a/m']);
    expect(selected({ metadata: { LANE: 'slow' } }, wants)).toEqual([]);
    expect(selected({ metadata: { LANE: { fast: true } } }, wants)).toEqual([]);
  });
});
