import { describe, expect, test } from '@jest/globals';
import { dumpConfig } from '../server/config-dump.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { DEFAULT_SETTINGS } from './define-mesh.js';
import { type McsPart, mcsSettings } from './multi-cluster-services.js';
import { parseNode } from './proxy-node.js';

const cart = (ip: string): string => `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: cart }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { containers: [{ name: app }] }
status: { phase: Running, podIP: ${ip}, podIPs: [{ ip: ${ip} }], conditions: [{ type: Ready, status: 'True' }] }
`;
const row = (kind: string, spec = '{}', cluster?: string) =>
  parseResources(
    `{ apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ${kind}, metadata: { name: cart, namespace: shop }, spec: ${spec} }`,
    'mcs.yaml',
    cluster === undefined ? {} : { cluster },
  ).resources;

/** The service in clusters Kubernetes (10.0.0.1), west (10.0.0.2) and north (10.0.0.3). */
function meshWith(...mcs: McsPart[]) {
  const { mesh, views } = createMesh({ ...DEFAULT_SETTINGS, mcs });
  addResources(mesh, parseResources(cart('10.0.0.1')).resources);
  for (const [cluster, ip] of [
    ['west', '10.0.0.2'],
    ['north', '10.0.0.3'],
  ] as const)
    addResources(mesh, parseResources(cart(ip), 'cart.yaml', { cluster }).resources);
  /** Last parts of the addresses that a client is sent for a host; undefined when it has no such cluster. */
  const seen = (cluster: string, domain = 'cluster.local'): number[] | undefined => {
    const proxy = parseNode({ id: 'sidecar~10.9.0.1~client.shop~shop.svc.cluster.local', metadata: { CLUSTER_ID: cluster } });
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    const { endpoints } = dumpConfig(views, proxy.key);
    const found = endpoints[`outbound|80||cart.shop.svc.${domain}`];
    return found === undefined ? undefined : [...JSON.stringify(found).matchAll(/"10\.0\.0\.(\d)"/g)].map(([, last]) => Number(last)).sort();
  };
  return { mesh, views, seen };
}

describe('SD-061 Multi-Cluster Services', () => {
  test('a part brings what it needs', () => {
    expect(mcsSettings([])).toEqual({ discovery: false, host: false, clusterLocal: false, autoExport: false });
    expect(mcsSettings(['cluster-local'])).toEqual({ discovery: true, host: true, clusterLocal: true, autoExport: false });
  });

  test('without --mcs exports and imports count for nothing', () => {
    const { mesh, seen } = meshWith();
    addResources(mesh, [...row('ServiceExport'), ...row('ServiceImport', '{ ips: [10.250.0.7] }')]);
    expect(seen('west')).toEqual([1, 2, 3]);
    expect(seen('west', 'clusterset.local')).toBeUndefined();
  });

  test('discovery: endpoints are for their own cluster, and for all once their cluster exports them; both come and go', () => {
    const { mesh, seen } = meshWith('discovery');
    expect([seen('Kubernetes'), seen('west'), seen('north')]).toEqual([[1], [2], [3]]);
    const [exported] = row('ServiceExport', '{}', 'west');
    addResources(mesh, row('ServiceExport', '{}', 'west'));
    expect([seen('Kubernetes'), seen('west'), seen('north')]).toEqual([[1, 2], [2], [2, 3]]);
    mesh.graph.transaction(() => mesh.rows.of('ServiceExport').delete(`west/shop/${exported?.metadata.name}`));
    expect(seen('north')).toEqual([3]);
  });

  test('auto-export: as without --mcs, but with cluster-local the host cluster.local stays at home', () => {
    expect(meshWith('auto-export').seen('west')).toEqual([1, 2, 3]);
    const { mesh, seen } = meshWith('auto-export', 'cluster-local');
    addResources(mesh, row('ServiceImport', '{ ips: [10.250.0.7] }', 'west'));
    expect(seen('north')).toEqual([3]);
    expect(seen('north', 'clusterset.local')).toEqual([1, 2, 3]);
  });

  test('host: clusterset.local is there while an import with addresses and the service are', () => {
    const { mesh, seen } = meshWith('host');
    expect(seen('west', 'clusterset.local')).toBeUndefined();
    addResources(mesh, row('ServiceImport', '{ type: Headless }', 'west'));
    expect(seen('west', 'clusterset.local')).toBeUndefined();
    addResources(mesh, row('ServiceImport', '{ ips: [10.250.0.7] }', 'west'));
    expect(seen('west', 'clusterset.local')).toEqual([2]);
    const service = mesh.services.byHostname('cart.shop.svc.clusterset.local')[0];
    expect(service).toMatchObject({ key: 'm:shop/cart', addresses: ['10.250.0.7'] });
    expect(mesh.services.get('m:shop/cart')).toEqual(service);
    mesh.graph.transaction(() => {
      for (const cluster of ['', 'west/', 'north/']) mesh.rows.of('Service').delete(`${cluster}shop/cart`);
    });
    expect(mesh.services.byHostname('cart.shop.svc.clusterset.local')).toEqual([]);
  });
});
