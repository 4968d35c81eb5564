import { describe, expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import type { ProxySettingsSource } from './proxy-config.js';

const ROWS = `
{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: all, namespace: istio-system}, spec: {concurrency: 1, environmentVariables: {A: root, B: root}}}
---
{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: ns, namespace: shop}, spec: {concurrency: 2, environmentVariables: {B: namespace}}}
---
{apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, metadata: {name: web, namespace: shop}, spec: {selector: {matchLabels: {app: web}}, concurrency: 0}}
`;
const MESH = {
  kind: 'MeshConfig' as const,
  apiVersion: '',
  metadata: { name: 'mesh', namespace: '', labels: {}, annotations: {} },
  spec: { defaultConfig: { concurrency: 8, drainDuration: '10s', proxyMetadata: { C: 'mesh' } } },
  createdAt: 0,
};

function effective(rows: string, proxy: Partial<ProxySettingsSource> = {}) {
  const { mesh } = createMesh();
  addResources(mesh, [...parseResources(rows).resources, MESH]);
  return mesh.proxyConfigs.effective({ namespace: 'shop', labels: {}, metadata: {}, ...proxy });
}

describe('ProxyConfig', () => {
  test('PC-001: defaults are below the mesh’s, and those below the proxy’s own', () => {
    expect(effective('')).toMatchObject({ concurrency: 8, drainDuration: '10s', terminationDrainDuration: '5s', proxyAdminPort: 15000 });
    expect(effective('', { metadata: { PROXY_CONFIG: { concurrency: 3 } } })).toMatchObject({ concurrency: 3, drainDuration: '10s' });
  });
  test('PC-002: the root namespace’s, the namespace’s, the one that selects the workload', () => {
    expect(effective(ROWS, { namespace: 'other' })).toMatchObject({ concurrency: 1, proxyMetadata: { A: 'root', B: 'root', C: 'mesh' } });
    expect(effective(ROWS)).toMatchObject({ concurrency: 2, proxyMetadata: { A: 'root', B: 'namespace', C: 'mesh' } });
    expect(effective(ROWS, { labels: { app: 'web' } }).concurrency).toBe(0);
  });
  test('PC-001: the annotation is above a namespace’s and below a workload’s ProxyConfig', () => {
    const metadata = { ANNOTATIONS: { 'proxy.istio.io/config': 'concurrency: 5\ndrainDuration: 1s' } };
    expect(effective(ROWS, { metadata })).toMatchObject({ concurrency: 5, drainDuration: '1s' });
    expect(effective(ROWS, { metadata, labels: { app: 'web' } })).toMatchObject({ concurrency: 0, drainDuration: '1s' });
  });
  test('an annotation that is no YAML changes nothing', () => {
    expect(effective('', { metadata: { ANNOTATIONS: { 'proxy.istio.io/config': 'a: [' } } }).concurrency).toBe(8);
  });
  test('of what a node or an annotation says, a field that cannot be is not there', () => {
    const said = { concurrency: 3, gatewayTopology: { numTrustedProxies: -1 }, proxyHeaders: 'none', tracing: null, unknown: 1 };
    const settings = effective('', { metadata: { PROXY_CONFIG: said, ANNOTATIONS: { 'proxy.istio.io/config': 'drainDuration: soon' } } });
    expect(settings).toMatchObject({ concurrency: 3, drainDuration: '10s', unknown: 1 });
    expect(settings.gatewayTopology).toBeUndefined();
    expect(settings.proxyHeaders).toBeUndefined();
  });
  test('PC-020: of two ways to name the cluster the later one counts', () => {
    const named = effective('', { metadata: { PROXY_CONFIG: { tracingServiceName: 'CANONICAL_NAME_ONLY' } } });
    expect(named['serviceCluster']).toBeUndefined();
  });
});
