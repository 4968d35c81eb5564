import { describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import type { EncodedResource } from './encode.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE } from './type-urls.js';

const service = (name: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: ${name} }, ports: [{ name: http, port: 80 }] }
---`;
const pod = (name: string, ip: string, account = 'sa') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}-${ip}, namespace: shop, labels: { app: ${name}, security.istio.io/tlsMode: istio } }
spec: { serviceAccountName: ${account}, containers: [{ name: c }] }
status: { phase: Running, podIP: ${ip}, conditions: [{ type: Ready, status: 'True' }] }
---`;
const rule = (host: string, simple: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${host}, namespace: shop }
spec: { host: ${host}, trafficPolicy: { loadBalancer: { simple: ${simple} } } }
---`;
const rows = (yaml: string): AnyRow[] => [...parseResources(yaml, 'test.yaml').resources] as AnyRow[];

function setUp(yaml: string) {
  const { mesh, views } = createMesh();
  addResources(mesh, rows(yaml));
  const stale: string[] = [];
  const connect = (name: string, namespace: string) => {
    const proxy = parseNode({ id: `sidecar~10.9.9.9~${name}.${namespace}~${namespace}.svc.cluster.local`, metadata: { NAMESPACE: namespace } });
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    const clusters = views.watch(proxy.key, CLUSTER_TYPE, undefined, () => stale.push('cds'));
    const endpoints = views.watch(
      proxy.key,
      ENDPOINT_TYPE,
      ['outbound|80||a.shop.svc.cluster.local', 'outbound|80||b.shop.svc.cluster.local', 'nonsense'],
      () => stale.push('eds'),
    );
    const all = (watch: typeof clusters) =>
      new Map<string, EncodedResource>(
        watch
          .read()
          .chunks.flat()
          .map((resource) => [resource.name, resource]),
      );
    return { clusters: () => all(clusters), endpoints: () => all(endpoints) };
  };
  return { connect, add: (more: string) => addResources(mesh, rows(more)) };
}

const A = 'outbound|80||a.shop.svc.cluster.local';
const B = 'outbound|80||b.shop.svc.cluster.local';

describe('cluster and endpoint views', () => {
  const base = service('a') + service('b') + pod('a', '10.0.0.1') + pod('b', '10.0.0.2') + rule('a', 'RANDOM');

  test('DR-008 an edited rule re-encodes its own clusters only', () => {
    const { connect, add } = setUp(base);
    const proxy = connect('x', 'shop');
    const before = proxy.clusters();
    add(rule('a', 'ROUND_ROBIN'));
    const after = proxy.clusters();
    expect(after.get(A)).not.toBe(before.get(A));
    expect(after.get(B)).toBe(before.get(B));
  });
  test('PA-014 a pod with a known account changes endpoints, one with a new account clusters too', () => {
    const { connect, add } = setUp(base);
    const proxy = connect('x', 'shop');
    const [clusters, endpoints] = [proxy.clusters(), proxy.endpoints()];
    add(pod('a', '10.0.0.3'));
    expect(proxy.clusters().get(A)).toBe(clusters.get(A));
    expect(proxy.endpoints().get(A)).not.toBe(endpoints.get(A));
    expect(proxy.endpoints().get(B)).toBe(endpoints.get(B));
    add(pod('a', '10.0.0.4', 'other'));
    expect(proxy.clusters().get(A)).not.toBe(clusters.get(A));
  });
  test('clients of different namespaces share what is equal', () => {
    const { connect } = setUp(base);
    const [one, two] = [connect('x', 'shop'), connect('y', 'other')];
    expect(one.clusters().get(B)).toBe(two.clusters().get(B));
    expect(one.endpoints().get(A)).toBe(two.endpoints().get(A));
  });
  test('XD-010 a name that means nothing has an empty load assignment', () => {
    expect(setUp(base).connect('x', 'shop').endpoints().get('nonsense')?.body.length).toBeGreaterThan(0);
  });
  test('MC-006 SD-003 every sidecar has its fixed clusters, UDP has none', () => {
    const { connect } = setUp(`${base}
apiVersion: v1
kind: Service
metadata: { name: dns, namespace: shop }
spec: { clusterIP: 10.96.0.9, ports: [{ name: dns, port: 53, protocol: UDP }] }
---`);
    const names = [...connect('x', 'shop').clusters().keys()];
    expect(names).toEqual(expect.arrayContaining(['BlackHoleCluster', 'PassthroughCluster', 'InboundPassthroughCluster']));
    expect(names.filter((name) => name.includes('dns'))).toEqual([]);
  });
});
