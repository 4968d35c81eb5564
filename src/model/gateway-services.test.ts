import { expect, test } from '@jest/globals';
import type { AnyRow } from '../api/kinds.js';
import { dumpConfig } from '../server/config-dump.js';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { DEFAULT_SETTINGS } from './define-mesh.js';
import { parseNode } from './proxy-node.js';

const service = (name: string): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: edge }, spec: { ports: [{ name: http, port: 80 }] } }\n---\n`;
const CONFIG = `${['routed', 'unused', 'named'].map(service).join('')}
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: g, namespace: edge }
spec: { selector: { app: edge }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: v, namespace: edge }
spec: { hosts: ['*'], gateways: [g], http: [{ route: [{ destination: { host: routed } }] }] }
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: f, namespace: edge, annotations: { envoyfilter.istio.io/referenced-services: named.edge.svc.cluster.local } }
spec: { configPatches: [] }
`;

function clusters(filterGatewayClusters: boolean, type = 'router'): string[] {
  const { mesh, views } = createMesh({ ...DEFAULT_SETTINGS, filterGatewayClusters });
  addResources(mesh, parseResources(CONFIG).resources as AnyRow[]);
  const proxy = parseNode({ id: `${type}~10.0.0.1~edge.edge~edge.svc.cluster.local`, metadata: { NAMESPACE: 'edge', LABELS: { app: 'edge' } } });
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  return Object.keys(dumpConfig(views, proxy.key).clusters)
    .filter((name) => name.startsWith('outbound|'))
    .map((name) => name.split('|')[3]?.split('.')[0] ?? '')
    .sort();
}

test('GW-033, EF-019: a gateway has the clusters that VirtualServices of its Gateways lead to and EnvoyFilters refer to', () => {
  expect(clusters(true)).toEqual(['named', 'routed']);
  expect(clusters(false)).toEqual(['named', 'routed', 'unused']);
  expect(clusters(true, 'sidecar')).toEqual(['named', 'routed', 'unused']);
});
