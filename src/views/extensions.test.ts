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
let served: (namespace: string, plugin: string, istioVersion?: string, identity?: string) => string;
beforeEach(() => {
  mesh = defineMesh(new Graph());
  const views = defineExtensionViews(mesh);
  const read = mesh.graph.query('test', (key: string) => {
    const [proxy = '', name = ''] = JSON.parse(key) as string[];
    return views.extension(views.scope(proxy), name);
  });
  served = (namespace, plugin, istioVersion = '', identity = '') => {
    const metadata = { NAMESPACE: namespace, ...(istioVersion && { ISTIO_VERSION: istioVersion }) };
    const proxy = parseNode({ id: `sidecar~10.0.0.1~p.${namespace}~${namespace}.svc.cluster.local`, metadata }, identity);
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    const found = read.get(
      JSON.stringify([proxy.key, `extensions.istio.io/trafficextension/${plugin.replace('/', '.')}~istio-translated-wasmplugin`]),
    );
    return found === undefined ? '' : JSON.stringify(resourceToJson(found));
  };
});
function put(kind: Kind, key: string, spec: object): void {
  const [namespace = '', name = ''] = key.split('/');
  const row = { kind, apiVersion: 'v1', metadata: { name, namespace, labels: {}, annotations: {} }, spec, createdAt: 0 } as unknown as AnyRow;
  mesh.graph.transaction(() => mesh.rows.of(kind).set(row as never));
}
const agent = (namespace: string): [string, string] => ['1.29.0', `spiffe://cluster.local/ns/${namespace}/sa/p`];
const DENIES = '{"@type":"type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC","rules":{}}';

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
  test('EX-004: an agent that proved who it is gets the credentials of the registry, of extensions that hold for it', () => {
    const PULL = 'ISTIO_META_WASM_IMAGE_PULL_SECRET';
    const dockerconfig = (type: string) => ({ type, data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') } });
    put('WasmPlugin', 'shop/image', { url: 'oci://registry.test/image:1', imagePullSecret: 'registry' });
    expect(served('shop', 'shop/image', ...agent('shop'))).toContain(`"${PULL}":""`);
    put('Secret', 'shop/registry', dockerconfig('Opaque'));
    expect(served('shop', 'shop/image', ...agent('shop'))).toContain(`"${PULL}":""`);
    put('Secret', 'shop/registry', dockerconfig('kubernetes.io/dockerconfigjson'));
    expect(served('shop', 'shop/image', ...agent('shop'))).toContain(`"${PULL}":"{\\"auths\\":{}}"`);
    // Over plaintext nobody gets a secret, and a stock Envoy has no use for one.
    expect(served('shop', 'shop/image', '1.29.0')).toContain(`"${PULL}":""`);
    expect(served('shop', 'shop/image', '', agent('shop')[1])).not.toContain('auths');
    // A plugin of the root namespace has its Secret there, and hands it to those that it is for.
    const selector = { matchLabels: { app: 'other' } };
    put('WasmPlugin', 'istio-system/image', { url: 'oci://registry.test/image:1', imagePullSecret: 'kubernetes://shop/registry', selector });
    put('Secret', 'istio-system/registry', dockerconfig('kubernetes.io/dockerconfigjson'));
    expect(served('shop', 'istio-system/image', ...agent('shop'))).not.toContain('auths');
    put('WasmPlugin', 'istio-system/image', { url: 'oci://registry.test/image:1', imagePullSecret: 'registry' });
    expect(served('shop', 'istio-system/image', ...agent('shop'))).toContain('auths');
  });
  test('EX-005: failStrategy says what becomes of requests when the code fails, or cannot be had', () => {
    const policy = (failStrategy: string | undefined, url = 'file:///a.wasm'): string => {
      put('WasmPlugin', 'shop/a', { url, ...(failStrategy && { failStrategy }) });
      return served('shop', 'shop/a');
    };
    expect(policy(undefined)).toContain('"failurePolicy":"FAIL_CLOSED"');
    expect(policy('FAIL_CLOSE')).toContain('"failurePolicy":"FAIL_CLOSED"');
    expect(policy('FAIL_OPEN')).toContain('"failurePolicy":"FAIL_OPEN"');
    expect(policy('FAIL_RELOAD')).toContain('"failurePolicy":"FAIL_RELOAD"');
    // Code that never comes can't be loaded again either.
    for (const strategy of [undefined, 'FAIL_CLOSE', 'FAIL_RELOAD']) expect(policy(strategy, 'oci://registry.test/a:1')).toContain(DENIES);
    expect(policy('FAIL_OPEN', 'oci://registry.test/a:1')).not.toContain('"rules"');
  });
  test('EX-005: byte streams are denied by their own filter', () => {
    put('WasmPlugin', 'shop/a', { url: 'oci://registry.test/a:1', type: 'NETWORK' });
    expect(served('shop', 'shop/a')).toContain('envoy.extensions.filters.network.rbac.v3.RBAC');
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
