/** Where a proxy stands (SD-025), and whose labels it has. */
import { expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { parseNode } from './proxy-node.js';

const NODE = `apiVersion: v1
kind: Node
metadata: { name: n1, labels: { topology.kubernetes.io/region: east, topology.kubernetes.io/zone: a } }
---
`;
const pod = (labels = '{ app: web }') => `apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: app, labels: ${labels} }
spec: { nodeName: n1 }
status: { podIP: 10.0.0.1 }
---
`;
const ENTRY = `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm, namespace: app }
spec: { address: 10.0.0.1, locality: west/b/r1 }
`;

const placeOf = (text: string, locality?: string) => proxyIn(text, { locality }).proxy?.locality;

function proxyIn(text: string, { locality, name = 'web-1', labels = {} }: { locality?: string | undefined; name?: string; labels?: object } = {}) {
  const { mesh } = createMesh();
  addResources(mesh, parseResources(text, 'mesh.yaml').resources);
  const id = `sidecar~10.0.0.1~${name}.app~app.svc.cluster.local`;
  const metadata = { NAMESPACE: 'app', CLUSTER_ID: 'Kubernetes', LABELS: labels };
  const proxy = parseNode({ id, metadata, ...(locality !== undefined && { locality }) });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return { proxy: mesh.proxies.get(proxy.key), sidecar: mesh.proxies.outboundScope(proxy.key).sidecar };
}

test('SD-025: the node of its pod says where a proxy stands, or a label of the pod', () => {
  expect(placeOf(NODE + pod())).toEqual({ region: 'east', zone: 'a', subzone: '' });
  expect(placeOf(NODE + pod(), 'said/by/itself')).toEqual({ region: 'east', zone: 'a', subzone: '' });
  expect(placeOf(NODE + pod('{ istio-locality: north.c.d }'))).toEqual({ region: 'north', zone: 'c', subzone: 'd' });
});

test('SD-025: so does a WorkloadEntry with its address; else its own word counts', () => {
  expect(placeOf(ENTRY)).toEqual({ region: 'west', zone: 'b', subzone: 'r1' });
  expect(placeOf(pod(), 'said/by/itself')).toEqual({ region: 'said', zone: 'by', subzone: 'itself' });
});

const CLAIMED = { app: 'other', role: 'admin' };
const SELECTED = `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: narrow, namespace: app }
spec: { workloadSelector: { labels: { app: web } }, egress: [{ hosts: [./*] }] }
`;

test('SC-001: selectors look at the labels of a proxy’s pod: claiming others changes nothing', () => {
  expect(proxyIn(NODE + pod() + SELECTED, { labels: CLAIMED }).sidecar).toBe('app/narrow');
  expect(proxyIn(NODE + pod(), { labels: CLAIMED }).proxy?.labels).toMatchObject({ app: 'web', 'topology.kubernetes.io/zone': 'a' });
  expect(proxyIn(NODE + pod(), { labels: CLAIMED }).proxy?.labels).not.toHaveProperty('role');
});

test('SC-001: nor does another name: then the pod is the one at the proxy’s address, if it is the only one of the namespace', () => {
  expect(proxyIn(NODE + pod() + SELECTED, { labels: CLAIMED, name: 'nobody' }).sidecar).toBe('app/narrow');
  const shared = NODE + pod() + pod().replace('web-1', 'web-2') + SELECTED;
  expect(proxyIn(shared, { labels: CLAIMED }).sidecar).toBe('app/narrow');
  expect(proxyIn(shared, { labels: CLAIMED, name: 'nobody' }).proxy?.labels).toEqual(CLAIMED);
});

test('SC-001: of a proxy whose pod nobody knows its own labels count', () => {
  expect(proxyIn(ENTRY, { labels: CLAIMED }).proxy?.labels).toEqual(CLAIMED);
});
