import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyRow, Kind } from '../api/kinds.js';
import { Graph, type Query } from '../graph/graph.js';
import { defineMesh } from '../model/define-mesh.js';
import type { Mesh } from '../model/mesh.js';
import { parseNode } from '../model/proxy-node.js';
import type { EncodedResource } from './encode.js';
import { decodeResource } from './json.js';
import { defineListenerViews } from './listeners.js';

let mesh: Mesh;
let view: Query<string, readonly (readonly EncodedResource[])[]>;
beforeEach(() => {
  mesh = defineMesh(new Graph());
  const views = defineListenerViews(mesh);
  view = mesh.graph.query('test', (key: string) => views.chunks(key));
});

function put(kind: Kind, key: string, spec: object, labels: Record<string, string> = {}, createdAt = 0): void {
  const [namespace = '', name = ''] = key.split('/');
  const row = { kind, apiVersion: 'v1', metadata: { name, namespace, labels, annotations: {} }, spec, createdAt } as unknown as AnyRow;
  mesh.graph.transaction(() => mesh.rows.of(kind).set(row as never));
}
const service = (key: string, port: number, name: string, clusterIP: string, labels: Record<string, string> = {}) =>
  put(
    'Service',
    key,
    {
      clusterIP,
      clusterIPs: clusterIP === 'None' ? [] : [clusterIP],
      ports: [{ name, port, protocol: 'TCP' }],
      selector: { app: key.split('/')[1] },
    },
    labels,
  );
const pod = (key: string, app: string, ip: string, labels: Record<string, string> = {}) =>
  mesh.graph.transaction(() => {
    const [namespace = '', name = ''] = key.split('/');
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] };
    mesh.rows.of('Pod').set({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name, namespace, labels: { app, ...labels }, annotations: {} },
      spec: { containers: [] },
      status,
      createdAt: 0,
    } as never);
  });
function sidecar(ip: string, namespace: string, labels: Record<string, string> = {}): string {
  const proxy = parseNode({
    id: `sidecar~${ip}~p.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, CLUSTER_ID: 'Kubernetes', LABELS: labels },
  });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return proxy.key;
}
const resources = (proxy: string): Map<string, EncodedResource> =>
  new Map(
    view
      .get(proxy)
      .flat()
      .map((resource) => [resource.name, resource]),
  );
/** Names of the listeners that are other objects than before. */
function changed(before: Map<string, EncodedResource>, after: Map<string, EncodedResource>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name)).sort();
}
const decoded = (resource: EncodedResource | undefined): Listener => decodeResource(resource as EncodedResource) as Listener;

describe('listener views', () => {
  test('a new byte stream adds its listener and touches no other', () => {
    service('a/one', 9000, 'tcp', '10.0.0.1');
    service('b/web', 80, 'http', '10.0.0.2');
    const proxy = sidecar('10.1.0.1', 'a');
    const before = resources(proxy);
    service('b/two', 9000, 'tcp', '10.0.0.3');
    expect(changed(before, resources(proxy))).toEqual(['10.0.0.3_9000']);
  });

  test('another HTTP service on a shared port changes no listener', () => {
    service('a/one', 80, 'http', '10.0.0.1');
    const proxy = sidecar('10.1.0.1', 'a');
    const before = resources(proxy);
    service('b/two', 80, 'http', '10.0.0.3');
    expect(changed(before, resources(proxy))).toEqual([]);
  });

  test('HTTP routes of a VirtualService never reach listeners, its TCP routes reach one', () => {
    service('a/one', 9000, 'tcp', '10.0.0.1');
    service('a/two', 9001, 'tcp', '10.0.0.2');
    const proxy = sidecar('10.1.0.1', 'a');
    const before = resources(proxy);
    const route = [{ destination: { host: 'two' } }];
    put('VirtualService', 'a/http', { hosts: ['one'], http: [{ route }] });
    expect(changed(before, resources(proxy))).toEqual([]);
    put('VirtualService', 'a/tcp', { hosts: ['one'], tcp: [{ route }] });
    expect(changed(before, resources(proxy))).toEqual(['10.0.0.1_9000']);
  });

  test('namespaces share the listeners of byte streams; those with HTTP name their own in traces', () => {
    service('a/one', 9000, 'tcp', '10.0.0.1');
    service('a/web', 80, 'http', '10.0.0.2');
    const [here, there] = [resources(sidecar('10.1.0.1', 'a')), resources(sidecar('10.1.0.2', 'b'))];
    expect(changed(here, there)).toEqual(['0.0.0.0_80', 'virtualInbound']);
  });

  test('a listener knows the rows that it was made of', () => {
    service('a/one', 9000, 'tcp', '10.0.0.1');
    service('a/two', 9000, 'tcp', '10.0.0.2');
    const proxy = sidecar('10.1.0.1', 'a');
    const watch = mesh.graph.watch(view, proxy, () => undefined);
    const listener = watch
      .read()
      .flat()
      .find(({ name }) => name === '10.0.0.1_9000') as EncodedResource;
    expect(
      watch
        .originsOf(listener)
        .filter(({ collection }) => collection === 'services')
        .map(({ key }) => key),
    ).toEqual(['a/one']);
    watch.close();
  });

  test('SC-008: the Sidecar of the root namespace counts as one of the workload’s own', () => {
    const port = { number: 9080, protocol: 'HTTP', name: 'h' };
    put('Sidecar', 'istio-system/all', { ingress: [{ port, defaultEndpoint: '127.0.0.1:8080' }], egress: [{ hosts: ['./*'] }] });
    const { filterChains } = decoded(resources(sidecar('10.1.0.1', 'a')).get('virtualInbound'));
    const origins = filterChains.flatMap(({ metadata }) => metadata?.filterMetadata['istio'] ?? []);
    expect(new Set(origins.map(({ config }) => config))).toEqual(new Set(['/apis/networking.istio.io/v1/namespaces/a/sidecar/all']));
  });

  test('SD-005: pods of a headless service make listeners, none for the proxy itself; health is no change', () => {
    service('a/db', 5432, 'tcp', 'None');
    pod('a/db-0', 'db', '10.1.0.10');
    pod('a/db-1', 'db', '10.1.0.11');
    const [client, member] = [sidecar('10.1.0.1', 'a'), sidecar('10.1.0.10', 'a')];
    const perPod = (proxy: string) => [...resources(proxy).keys()].filter((name) => name.endsWith('_5432'));
    expect(perPod(client)).toEqual(['10.1.0.10_5432', '10.1.0.11_5432']);
    expect(perPod(member)).toEqual(['10.1.0.11_5432']);
    const before = resources(client);
    pod('a/db-1', 'db', '10.1.0.11', { version: 'v2' });
    expect(changed(before, resources(client))).toEqual([]);
    pod('a/db-2', 'db', '10.1.0.12');
    expect(changed(before, resources(client))).toEqual(['10.1.0.12_5432']);
  });

  test('PA-001: a PeerAuthentication changes inbound listeners only', () => {
    service('a/web', 80, 'http', '10.0.0.2');
    pod('a/web-0', 'web', '10.1.0.1');
    const proxy = sidecar('10.1.0.1', 'a');
    const before = resources(proxy);
    put('PeerAuthentication', 'a/strict', { mtls: { mode: 'STRICT' } });
    expect(changed(before, resources(proxy))).toEqual(['virtualInbound']);
    const sockets = decoded(resources(proxy).get('virtualInbound')).filterChains.map(({ transportSocket }) => transportSocket !== undefined);
    expect(sockets).toEqual([false, true, true, true]);
  });

  test('SC-012: without interception only what a Sidecar declares is there', () => {
    put('Sidecar', 'a/none', {
      ingress: [{ port: { number: 7443, protocol: 'HTTP', name: 'http' }, bind: '0.0.0.0', captureMode: 'NONE' }],
      egress: [{ hosts: ['~/*'] }],
    });
    const key = parseNode({ id: 'sidecar~10.1.0.1~p.a~a.svc.cluster.local', metadata: { NAMESPACE: 'a', INTERCEPTION_MODE: 'NONE' } });
    mesh.graph.transaction(() => mesh.rows.proxies.set(key));
    expect([...resources(key.key).keys()]).toEqual(['0.0.0.0_7443']);
  });

  test('TE-001: a Telemetry for one workload leaves the listeners of others untouched', () => {
    service('shop/web', 80, 'http', '10.0.0.1');
    const [own, other] = [sidecar('10.1.0.1', 'shop', { app: 'a' }), sidecar('10.1.0.2', 'shop', { app: 'b' })];
    const before = { own: resources(own), other: resources(other) };
    const accessLogging = [{ providers: [{ name: 'envoy' }] }];
    put('Telemetry', 'shop/a', { selector: { matchLabels: { app: 'a' } }, accessLogging });
    expect(resources(other).get('0.0.0.0_80')).toBe(before.other.get('0.0.0.0_80'));
    expect(resources(own).get('0.0.0.0_80')?.version).not.toBe(before.own.get('0.0.0.0_80')?.version);
  });

  test('TE-015: a proxy that does not see the tracer’s service is not told of it: Envoy would refuse the listener', () => {
    service('shop/web', 80, 'http', '10.0.0.1');
    service('observe/zipkin', 9411, 'tcp', '10.0.0.2');
    const zipkin = { service: 'zipkin.observe.svc.cluster.local', port: 9411 };
    put('MeshConfig', '/mesh', { extensionProviders: [{ name: 'z', zipkin }], defaultProviders: { tracing: ['z'] } });
    const proxy = sidecar('10.1.0.1', 'shop');
    const listener = (): string => Buffer.from(resources(proxy).get('0.0.0.0_80')?.body ?? []).toString('latin1');
    expect(listener()).toContain('envoy.tracers.zipkin');
    put('Sidecar', 'shop/narrow', { egress: [{ hosts: ['./*'] }] });
    expect(listener()).not.toContain('envoy.tracers.zipkin');
  });
});
