import { describe, expect, test } from '@jest/globals';
import { parseNode } from '../model/proxy-node.js';
import { parseResources } from '../sources/load.js';
import type { Conflicts } from '../telemetry/scraped-state.js';
import { conflictFinder, countConflicts, findConflicts } from './conflicts.js';
import { addResources, createMesh } from './mesh-instance.js';

function meshOf(yaml: string, ...addresses: string[]) {
  const { mesh } = createMesh();
  const { resources, problems } = parseResources(yaml);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  addResources(mesh, resources);
  for (const address of addresses) {
    const proxy = parseNode({ id: `sidecar~${address}~p-${address}.shop~shop.svc.cluster.local`, metadata: { NAMESPACE: 'shop' } });
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  }
  return mesh;
}

/** The counts that are not zero. */
function counts(yaml: string, ...addresses: string[]): Partial<Conflicts> {
  const all = countConflicts(findConflicts(meshOf(yaml, ...addresses), 'cluster.local'));
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}

const service = (name: string, ports: string, more = '') =>
  `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: shop }\nspec: { clusterIP: 10.1.0.${name.length}, selector: { app: web }, ports: [${ports}]${more} }\n`;
const HTTP = '{ name: http, port: 80, targetPort: 8080 }';
const pod = (ready: boolean) => `---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
status: { podIP: 10.0.0.1, conditions: [{ type: Ready, status: '${ready ? 'True' : 'False'}' }] }
`;
const slice = (target: string, ready = true) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: shop, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.0.0.1], conditions: { ready: ${ready}, terminating: false }${target} }]
`;
const routed = (name: string, more = '', namespace = 'shop') => `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace} }
spec: { hosts: [web.shop.svc.cluster.local]${more}, http: [{ route: [{ destination: { host: web.shop.svc.cluster.local } }] }] }
`;
const entry = (name: string, namespace: string, more = '') => `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: ${namespace} }
spec: { hosts: [db.example], ports: [{ number: 5432, name: tcp-db, protocol: TCP }]${more} }
`;
const rule = (name: string, subsets: string, namespace = 'shop') => `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: ${namespace} }
spec: { host: web, subsets: [${subsets}] }
`;

describe('MT-004: what is doubtful is counted', () => {
  test('nothing in a sound mesh', () => {
    expect(counts(service('web', HTTP) + pod(true) + slice(', targetRef: { kind: Pod, name: web }'), '10.0.0.1')).toEqual({});
  });
  test('pilot_eds_no_instances: service ports without endpoints', () => {
    expect(counts(service('web', HTTP))).toEqual({ emptyClusters: 1 });
  });
  test('pilot_dns_cluster_without_endpoints: a ServiceEntry whose selector finds nothing', () => {
    const selecting = entry('db', 'shop', ', resolution: DNS, workloadSelector: { labels: { app: db } }, addresses: [10.7.0.1]');
    expect(counts(selecting)).toEqual({ emptyDnsClusters: 1 });
    expect(counts(entry('db', 'shop', ', resolution: DNS, addresses: [10.7.0.1]'))).toEqual({});
  });
  test('endpoint_no_pod: an endpoint whose pod nobody knows', () => {
    expect(counts(service('web', HTTP) + slice(', targetRef: { kind: Pod, name: gone }'))).toMatchObject({ endpointsWithoutPod: 1 });
    expect(counts(service('web', HTTP) + slice(''))).toEqual({});
  });
  test('pilot_no_ip: a connected sidecar that no service selects', () => {
    expect(counts(service('web', HTTP) + pod(true), '10.0.0.1', '10.0.0.2', '10.0.0.3')).toEqual({ proxiesWithoutService: 2 });
  });
  test('pilot_endpoint_not_ready: a connected sidecar that is not ready', () => {
    const unready = service('web', HTTP) + pod(false) + slice(', targetRef: { kind: Pod, name: web }', false);
    expect(counts(unready, '10.0.0.1')).toEqual({ proxiesNotReady: 1 });
  });
  test('pilot_conflict_inbound_listener: two services call one port of the workload by different protocols', () => {
    const other = service('admin', '{ name: tcp-admin, port: 81, targetPort: 8080 }');
    expect(counts(service('web', HTTP) + other + pod(true), '10.0.0.1')).toEqual({ inboundPorts: 1 });
    expect(counts(service('web', HTTP) + service('admin', '{ name: http-a, port: 81, targetPort: 8080 }') + pod(true), '10.0.0.1')).toEqual({});
  });
  test('XD-034 pilot_duplicate_envoy_clusters: two namespaces have the host, and somebody sees both', () => {
    const dns = ', resolution: DNS, addresses: [10.7.0.1]';
    expect(counts(entry('db', 'a', dns) + entry('db', 'b', dns))).toEqual({ clusterNames: 1 });
    expect(counts(entry('db', 'a', `${dns}, exportTo: ['.']`) + entry('db', 'b', `${dns}, exportTo: ['.']`))).toEqual({});
  });
  test('XD-034 pilot_duplicate_envoy_clusters: an EnvoyFilter adds a cluster that a connected proxy has', () => {
    const { mesh, views } = createMesh();
    const add = (name: string) => `{ applyTo: CLUSTER, patch: { operation: ADD, value: { name: ${name}, type: STATIC } } }`;
    const filter = `---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: more, namespace: shop }
spec: { configPatches: [${add('BlackHoleCluster')}, ${add('mine')}] }
`;
    addResources(mesh, parseResources(filter).resources);
    const find = conflictFinder(mesh, views);
    expect(find().clusterNames).toEqual({});
    const proxy = parseNode({ id: 'sidecar~10.0.0.1~p.shop~shop.svc.cluster.local', metadata: { NAMESPACE: 'shop' } });
    mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
    expect(find().clusterNames).toEqual({ BlackHoleCluster: { message: 'EnvoyFilter shop/more adds it again' } });
  });
  test('pilot_conflict_outbound_listener_tcp_over_current_tcp: byte streams without an address on one port', () => {
    const plain = (name: string) => entry(name, 'a', ', resolution: NONE').replace('db.example', `${name}.example`);
    expect(counts(plain('one') + plain('two') + plain('three'))).toEqual({ outboundTcpPorts: 2 });
  });
  test('XD-034 pilot_vservice_dup_domain: two VirtualServices route a host for the same clients', () => {
    const base = service('web', HTTP) + pod(true);
    expect(counts(base + routed('a') + routed('b'))).toEqual({ virtualServiceHosts: 1 });
    expect(counts(base + routed('a') + routed('b', ', gateways: [shop/edge]'))).toEqual({});
    expect(counts(base + routed('a', ", exportTo: ['.']") + routed('b', ", exportTo: ['.']", 'other'))).toEqual({});
  });
  test('pilot_destrule_subsets: an older rule for the host has a subset of that name', () => {
    const base = service('web', HTTP) + pod(true);
    expect(counts(base + rule('a', '{ name: v1 }, { name: v2 }') + rule('b', '{ name: v1 }'))).toEqual({ subsets: 1 });
    expect(counts(base + rule('a', '{ name: v1 }') + rule('b', '{ name: v1 }', 'other'))).toEqual({});
  });

  test('once per revision', () => {
    const mesh = meshOf(service('web', HTTP));
    const find = conflictFinder(mesh);
    const first = find();
    expect(find()).toBe(first);
    expect(first.emptyClusters).toEqual({ 'outbound|80||web.shop.svc.cluster.local': {} });
    addResources(mesh, parseResources(pod(true)).resources);
    expect(find().emptyClusters).toEqual({});
  });
});
