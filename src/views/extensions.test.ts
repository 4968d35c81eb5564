import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow, Kind } from '../api/kinds.js';
import { Graph } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import type { Mesh } from '../model/mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { defineExtensionViews } from './extensions.js';
import { resourceToJson } from './json.js';

let mesh: Mesh;
/** JSON of what a proxy of a namespace gets under the name of a WasmPlugin, '' for nothing. */
let served: (namespace: string, plugin: string, istioVersion?: string) => string;
beforeEach(() => {
  mesh = defineMesh(new Graph());
  const views = defineExtensionViews(mesh);
  const read = mesh.graph.query('test', (key: string) => {
    const [proxy = '', name = ''] = key.split(' ');
    return views.extension(views.scope(proxy), name);
  });
  served = (namespace, plugin, istioVersion = '') => {
    const metadata = { NAMESPACE: namespace, ...(istioVersion && { ISTIO_VERSION: istioVersion }) };
    const proxy = parseNode({ id: `sidecar~10.0.0.1~p.${namespace}~${namespace}.svc.cluster.local`, metadata });
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    const found = read.get(`${proxy.key} extensions.istio.io/trafficextension/${plugin.replace('/', '.')}~istio-translated-wasmplugin`);
    return found === undefined ? '' : JSON.stringify(resourceToJson(found));
  };
});
function put(kind: Kind, key: string, spec: object): void {
  const [namespace = '', name = ''] = key.split('/');
  const row = { kind, apiVersion: 'v1', metadata: { name, namespace, labels: {}, annotations: {} }, spec, createdAt: 0 } as unknown as AnyRow;
  mesh.graph.transaction(() => mesh.rows.of(kind).set(row as never));
}
const DENIES = '{"rules":{},"@type":"type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"}';

describe('extensions over ECDS', () => {
  test('EX-001: of the own namespace and of the root namespace only', () => {
    put('WasmPlugin', 'shop/a', { url: 'file:///a.wasm' });
    put('WasmPlugin', 'istio-system/a', { url: 'file:///b.wasm' });
    expect(served('shop', 'shop/a')).toContain('/a.wasm');
    expect(served('far', 'shop/a')).toBe('');
    expect(served('far', 'istio-system/a')).toContain('/b.wasm');
  });
  test('EX-004: what only Istio’s agent can fetch is denied, or let through where the user says so', () => {
    put('WasmPlugin', 'shop/image', { url: 'registry.test/image:1' });
    expect(served('shop', 'shop/image', '1.29.0')).toContain('oci://registry.test/image:1');
    expect(served('shop', 'shop/image')).toContain(DENIES);
    put('WasmPlugin', 'shop/image', { url: 'registry.test/image:1', failStrategy: 'FAIL_OPEN' });
    expect(served('shop', 'shop/image')).toContain('rbac.v3.RBAC');
    expect(served('shop', 'shop/image')).not.toContain('rules');
  });
  test('EX-004: a stock Envoy takes code from a service of the mesh when its checksum is known', () => {
    put('Service', 'shop/files', { clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });
    const url = 'http://files.shop.svc.cluster.local/a.wasm';
    put('WasmPlugin', 'shop/a', { url });
    expect(served('shop', 'shop/a')).toContain(DENIES);
    put('WasmPlugin', 'shop/a', { url, sha256: 'abc' });
    expect(served('shop', 'shop/a')).toContain('outbound|80||files.shop.svc.cluster.local');
  });
  test('EX-006: variables are given or taken from the proxy’s own environment; only an agent is told of the version', () => {
    const env = [
      { name: 'A', value: 'b' },
      { name: 'HOSTNAME', valueFrom: 'HOST' },
    ];
    put('WasmPlugin', 'shop/a', { url: 'file:///a.wasm', vmConfig: { env } });
    expect(served('shop', 'shop/a')).toContain('"environmentVariables":{"hostEnvKeys":["HOSTNAME"],"keyValues":{"A":"b"}}');
    expect(served('shop', 'shop/a', '1.29.0')).toContain('ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION');
  });
});
