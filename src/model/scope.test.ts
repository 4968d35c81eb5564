import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { addResources, createMesh } from '../server/mesh-instance.js';
import { parseResources } from '../sources/load.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../views/type-urls.js';
import { parseNode } from './proxy-node.js';
import { scopeCount } from './scope.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
/** References are weak only once the turn in which they were followed is over; what is gone is told in a turn of its own. */
async function collect(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc();
  await new Promise((resolve) => setTimeout(resolve, 5));
}

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: web }, ports: [{ name: http, port: 80 }, { name: tcp, port: 9000 }] }
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: names, namespace: shop }
spec:
  configPatches:
    - applyTo: HTTP_ROUTE
      match: { context: SIDECAR_OUTBOUND }
      patch: { operation: MERGE, value: { name: patched } }
`;
const edit = (n: number): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: shop }
spec: { host: web, trafficPolicy: { connectionPool: { tcp: { connectTimeout: ${n + 1}s } } } }
`;
const pod = (n: number): string => `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web }] }
status: { phase: Running, podIP: 10.1.0.${n + 1}, conditions: [{ type: Ready, status: "True" }] }
`;
const NAMES: Readonly<Record<string, readonly string[] | undefined>> = {
  [CLUSTER_TYPE]: undefined,
  [LISTENER_TYPE]: undefined,
  [ROUTE_TYPE]: ['80'],
  [ENDPOINT_TYPE]: ['outbound|80||web.shop.svc.cluster.local'],
};

function connect({ mesh, views }: ReturnType<typeof createMesh>, metadata: Record<string, unknown>, ip = '10.0.0.1') {
  const proxy = parseNode({ id: `sidecar~${ip}~client.shop~shop.svc.cluster.local`, metadata }, 'spiffe://cluster.local/ns/shop/sa/client');
  mesh.graph.transaction(() => mesh.rows.proxies.set(proxy));
  const watches = Object.entries(NAMES).map(([type, names]) => views.watch(proxy.key, type, names, () => undefined));
  return {
    versions: () =>
      watches.map((watch) =>
        watch
          .read()
          .chunks.flatMap((chunk) => chunk.map(({ version }) => version))
          .join(),
      ),
    leave: () => {
      for (const watch of watches) watch.close();
      mesh.graph.transaction(() => mesh.rows.proxies.delete(proxy.key));
    },
  };
}

test('XD-018: who comes back as somebody else again and again does not fill the memory', async () => {
  const at = createMesh();
  addResources(at.mesh, parseResources(MESH, 'mesh.yaml').resources);
  await collect();
  const before = scopeCount();
  for (let n = 0; n < 60; n++) {
    const one = connect(at, { IDLE_TIMEOUT: `${n}s`, NETWORK: `n${n}` });
    one.versions();
    one.leave();
  }
  expect(scopeCount()).toBeGreaterThan(before + 60);
  at.mesh.graph.sweep();
  // When a collector tells what is gone is its own affair.
  for (const end = Date.now() + 40_000; scopeCount() >= before + 30 && Date.now() < end; ) await collect();
  expect(scopeCount()).toBeLessThan(before + 30);
}, 60_000);

test('XD-018: those who stay are served through edits and collections as if nothing were ever collected', async () => {
  const at = createMesh();
  addResources(at.mesh, parseResources(MESH, 'mesh.yaml').resources);
  const [plain, other] = [connect(at, {}), connect(at, { IDLE_TIMEOUT: '7s' }, '10.0.0.2')];
  const seen = new Set<string>();
  for (let n = 0; n < 6; n++) {
    addResources(at.mesh, parseResources(n % 2 === 0 ? pod(n) : edit(n), 'edit.yaml').resources);
    const passing = connect(at, { IDLE_TIMEOUT: `${n}m` }, '10.0.0.3');
    passing.versions();
    for (const one of [plain, other]) {
      const versions = one.versions();
      expect(versions.every((text) => text !== '')).toBe(true);
      seen.add(versions.join());
    }
    passing.leave();
    at.mesh.graph.sweep();
    await collect();
  }
  expect(seen.size).toBe(12);
}, 60_000);
