import { describe, expect, test } from '@jest/globals';
import type { PeerAuthentication, PeerAuthenticationSpec } from '../api/istio.js';
import { Graph } from '../graph/graph.js';
import { defineMesh } from './define-mesh.js';

interface Policy {
  readonly name: string;
  readonly namespace: string;
  readonly createdAt?: number;
  readonly spec: PeerAuthenticationSpec;
}

function policies(...rows: Policy[]) {
  const graph = new Graph();
  const mesh = defineMesh(graph);
  graph.transaction(() => {
    for (const { name, namespace, createdAt = 1, spec } of rows) {
      const metadata = { name, namespace, labels: {}, annotations: {} };
      mesh.rows
        .of('PeerAuthentication')
        .set({ kind: 'PeerAuthentication', apiVersion: 'security.istio.io/v1', metadata, spec, createdAt } as PeerAuthentication);
    }
  });
  const read = graph.query('test', (key: string) => {
    const { namespace, labels, port } = JSON.parse(key) as { namespace: string; labels: Record<string, string>; port: number };
    const policy = mesh.peerAuthentications;
    return {
      mode: policy.mode(namespace, labels, port),
      portModes: policy.portModes(namespace, labels),
      namespaceMode: policy.namespaceMode(namespace),
    };
  });
  return (namespace: string, labels: Record<string, string> = {}, port = 8080) => read.get(JSON.stringify({ namespace, labels, port }));
}
const mtls = (mode: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT') => ({ mtls: { mode } });
const app = { selector: { matchLabels: { app: 'a' } } };

describe('PeerAuthentication', () => {
  test('PA-001: PERMISSIVE without any policy', () => {
    expect(policies()('shop')).toEqual({ mode: 'PERMISSIVE', portModes: [], namespaceMode: 'PERMISSIVE' });
  });
  test('PA-002: mesh < namespace < workload; UNSET inherits', () => {
    const read = policies(
      { name: 'mesh', namespace: 'istio-system', spec: mtls('STRICT') },
      { name: 'ns', namespace: 'shop', spec: mtls('DISABLE') },
      { name: 'unset', namespace: 'bank', spec: mtls('UNSET') },
      { name: 'app', namespace: 'shop', spec: { ...app, ...mtls('PERMISSIVE') } },
    );
    expect(read('other').mode).toBe('STRICT');
    expect(read('bank').mode).toBe('STRICT');
    expect(read('shop').mode).toBe('DISABLE');
    expect(read('shop', { app: 'a' }).mode).toBe('PERMISSIVE');
    expect(read('shop', { app: 'a' }).namespaceMode).toBe('DISABLE');
  });
  test('PA-002: the oldest of a scope wins; a selector in the root namespace means nothing', () => {
    const read = policies(
      { name: 'new', namespace: 'shop', createdAt: 2, spec: mtls('DISABLE') },
      { name: 'old', namespace: 'shop', createdAt: 1, spec: mtls('STRICT') },
      { name: 'app', namespace: 'istio-system', spec: { ...app, ...mtls('DISABLE') } },
    );
    expect(read('shop').mode).toBe('STRICT');
    expect(read('istio-system', { app: 'a' }).mode).toBe('PERMISSIVE');
  });
  test('PA-003: ports of a workload, UNSET ones as the workload', () => {
    const portLevelMtls = { 9000: { mode: 'DISABLE' as const }, 80: { mode: 'UNSET' as const } };
    const read = policies({ name: 'app', namespace: 'shop', spec: { ...app, ...mtls('STRICT'), portLevelMtls } });
    expect(read('shop', { app: 'a' }, 9000).mode).toBe('DISABLE');
    expect(read('shop', { app: 'a' }, 81).mode).toBe('STRICT');
    expect(read('shop', { app: 'a' }).portModes).toEqual([
      { port: 80, mode: 'STRICT' },
      { port: 9000, mode: 'DISABLE' },
    ]);
  });
});
