import type { NameTable_NameInfo } from '@envoyproxy/xds-protos/istio/networking/nds/v1/nds.js';
import { describe, expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import { parseNode } from '../model/proxy-node.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import type { EncodedResource } from './encode.js';
import { resourceToJson } from './json.js';
import { NAME_TABLE_TYPE } from './type-urls.js';

const HEADLESS = `
apiVersion: v1
kind: Service
metadata: { name: mysql, namespace: db }
spec: { clusterIP: None, selector: { app: mysql }, ports: [{ name: tcp, port: 3306 }, { name: admin, port: 33060 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: mysql-0, namespace: db, labels: { app: mysql } }
spec: { subdomain: mysql }
status: { podIP: 10.1.0.1 }
---
apiVersion: v1
kind: Pod
metadata: { name: mysql-1, namespace: db, labels: { app: mysql } }
spec: { subdomain: mysql, hostname: second }
status: { podIP: 10.1.0.2 }
---
apiVersion: v1
kind: Pod
metadata: { name: sick, namespace: db, labels: { app: mysql } }
spec: {}
status: { podIP: 10.1.0.3, conditions: [{ type: Ready, status: 'False' }] }
---
apiVersion: v1
kind: Pod
metadata: { name: far, namespace: db, labels: { app: mysql, topology.istio.io/network: moon } }
spec: {}
status: { podIP: 10.1.0.4 }
---`;
const entry = (name: string, spec: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop }
spec: { ${spec}, ports: [{ number: 443, name: tls, protocol: TLS }] }
---`;

function tableWatch(yaml: string, metadata: Record<string, unknown> = {}, more: readonly AnyRow[] = [], settings = DEFAULT_SETTINGS) {
  const { mesh, views } = createMesh(settings);
  addResources(mesh, [...parseResources(yaml, 'test.yaml').resources, ...more]);
  const proxy = parseNode({ id: 'sidecar~10.9.9.9~x.shop~shop.svc.cluster.local', metadata: { NAMESPACE: 'shop', NETWORK: 'earth', ...metadata } });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const watch = views.watch(proxy.key, NAME_TABLE_TYPE, undefined, () => undefined);
  return { mesh, read: () => watch.read().chunks.flat() };
}
function names(...of: Parameters<typeof tableWatch>): Record<string, Partial<NameTable_NameInfo>> {
  const resources = tableWatch(...of).read();
  expect(resources).toHaveLength(1);
  const { table } = resourceToJson(resources[0] as EncodedResource) as { table?: Record<string, Partial<NameTable_NameInfo>> };
  return table ?? {};
}

describe('name table', () => {
  test('SD-056: a Kubernetes service with what the resolver needs for its short names', () => {
    const yaml = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
---`;
    expect(names(yaml)).toEqual({
      'web.shop.svc.cluster.local': { ips: ['10.96.0.1'], registry: 'Kubernetes', shortname: 'web', namespace: 'shop' },
    });
  });
  test('SD-061: the host of an imported service by its address, without short names', () => {
    const yaml = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: web, namespace: shop }
spec: { ips: [10.250.0.7] }
---`;
    const { 'web.shop.svc.clusterset.local': imported } = names(yaml, {}, [], { ...DEFAULT_SETTINGS, mcs: ['host'] });
    expect(imported).toEqual({ ips: ['10.250.0.7'], registry: 'Kubernetes' });
  });
  test('SD-056: entries with several addresses, without CIDRs; allocated ones only where DNS is captured', () => {
    const yaml =
      entry('own', 'hosts: [own.example], resolution: STATIC, addresses: [10.8.0.1, 10.9.0.0/16, 10.8.0.2], endpoints: [{ address: 10.1.1.1 }]') +
      entry('auto', 'hosts: [auto.example], resolution: DNS');
    expect(names(yaml)).toEqual({ 'own.example': { ips: ['10.8.0.1', '10.8.0.2'], registry: 'External' } });
    expect(names(yaml, { DNS_CAPTURE: 'true' })['auto.example']?.ips).toEqual([expect.stringMatching(/^240\.240\./)]);
  });
  test('SD-056: a Kubernetes service goes before an entry of its name', () => {
    const yaml = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }
---${entry('decorator', 'hosts: [web.shop.svc.cluster.local], resolution: STATIC, addresses: [10.7.7.7]')}`;
    expect(names(yaml)['web.shop.svc.cluster.local']).toMatchObject({ ips: ['10.96.0.1'], registry: 'Kubernetes' });
  });
  test('SD-057: a headless service by its ready pods on the same network, and each named pod by itself', () => {
    expect(names(HEADLESS)).toEqual({
      'mysql.db.svc.cluster.local': { ips: ['10.1.0.1', '10.1.0.2'], registry: 'Kubernetes', shortname: 'mysql', namespace: 'db' },
      'mysql-0.mysql.db.svc.cluster.local': { ips: ['10.1.0.1'], registry: 'Kubernetes', shortname: 'mysql-0.mysql', namespace: 'db' },
      'second.mysql.db.svc.cluster.local': { ips: ['10.1.0.2'], registry: 'Kubernetes', shortname: 'second.mysql', namespace: 'db' },
    });
  });
  test('SD-057: publishNotReadyAddresses names unready pods too', () => {
    expect(
      names(HEADLESS.replace('clusterIP: None', 'clusterIP: None, publishNotReadyAddresses: true'))['mysql.db.svc.cluster.local']?.ips,
    ).toHaveLength(3);
  });
  test('CL-013: a headless service by the pods of all clusters on the same network; a pod of the own cluster hides its namesake', () => {
    const pod = (name: string, ip: string, network = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: db, labels: { app: mysql${network && `, topology.istio.io/network: ${network}`} } }
spec: { subdomain: mysql }
status: { podIP: ${ip} }
---`;
    const service = HEADLESS.split('---')[0] as string;
    const remote = `${service}---${pod('mysql-0', '10.2.0.1')}${pod('mysql-9', '10.2.0.2')}${pod('far', '10.2.0.3', 'moon')}`;
    const west = parseResources(remote, 'west.yaml', { cluster: 'west' }).resources as AnyRow[];
    const tables = ['Kubernetes', 'west'].map((cluster) => names(`${service}---${pod('mysql-0', '10.1.0.1')}`, { CLUSTER_ID: cluster }, west));
    for (const table of tables) expect(table['mysql.db.svc.cluster.local']?.ips).toEqual(['10.1.0.1', '10.2.0.1', '10.2.0.2']);
    expect(tables.map((table) => table['mysql-0.mysql.db.svc.cluster.local']?.ips)).toEqual([['10.1.0.1'], ['10.2.0.1']]);
    expect(tables.map((table) => table['mysql-9.mysql.db.svc.cluster.local']?.ips)).toEqual([['10.2.0.2'], ['10.2.0.2']]);
  });
  test('the table stays the same object while nothing in it changes', () => {
    const { mesh, read } = tableWatch(HEADLESS);
    const [before] = read();
    const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: r, namespace: db }
spec: { host: mysql.db.svc.cluster.local }
---`;
    addResources(mesh, parseResources(rule, 'rule.yaml').resources as AnyRow[]);
    expect(read()[0]).toBe(before);
  });
});
