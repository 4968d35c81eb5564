/**
 * A workload that no file names joins by a WorkloadGroup, is reached over mutual TLS, and keeps serving while the control plane is away.
 * Needs root, iproute2 and iptables; without them every test here shows up as skipped.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { get, loadFrom, type PodMesh, startPodMesh } from './harness/mesh-pods.js';
import { type Pod, podsMissing } from './harness/pods.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const MESH = `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: machines, namespace: shop }
spec:
  metadata: { labels: { app: depot } }
  template: { serviceAccount: depot }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: depot, namespace: shop }
spec:
  hosts: [depot.example]
  addresses: [10.96.0.20]
  location: MESH_INTERNAL
  resolution: STATIC
  workloadSelector: { labels: { app: depot } }
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: 8080 }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: STRICT } }
`;
const URL = 'http://10.96.0.20/';
const ASK = { headers: { host: 'depot.example' } };

const missing = podsMissing();
const title = missing ? `workloads outside Kubernetes (skipped: ${missing})` : 'workloads outside Kubernetes';

(missing ? describe.skip : describe)(title, () => {
  let mesh: PodMesh;
  let machine: Pod;
  let client: Pod;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-workloads-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'mesh'));
    writeFileSync(join(folder, 'mesh', 'mesh.yaml'), MESH);
    mesh = await startPodMesh(folder, 8);
    machine = await mesh.network.pod('machine');
    client = await mesh.network.pod('client');
    await mesh.app(machine, 8080, { SERVICE: 'depot' });
    await mesh.sidecar(client, { namespace: 'shop', serviceAccount: 'client', labels: { app: 'client' } });
  }, 120_000);
  afterAll(cleanup, 60_000);

  test('SD-052: nobody is there before the machine joins; then it is reached, and sees its peer', async () => {
    expect((await get(client, URL, ASK)).status).toBe(503);
    const begun = performance.now();
    await mesh.sidecar(machine, { namespace: 'shop', serviceAccount: 'depot', workloadGroup: 'machines' });
    await until('the machine to answer', async () => (await get(client, URL, ASK)).status === 200);
    const { peer } = JSON.parse((await get(client, URL, ASK)).body) as { peer?: string };
    measured(`from Envoy's start to the first answer ${Math.round(performance.now() - begun)} ms, the machine saw ${peer}`);
    expect(peer).toBe('spiffe://cluster.local/ns/shop/sa/client');
  });

  test('SD-052: no request fails while the control plane restarts', async () => {
    const stop = loadFrom(client, { url: URL, ...ASK, perSecond: 100 });
    await sleep(1000);
    await mesh.mizzen().stop();
    await sleep(2000);
    await mesh.startMizzen();
    await sleep(4000);
    const result = await stop();
    measured(`over a restart: ${result.sent} requests, ${result.failed} failed`);
    expect(result.failed).toBe(0);
  });
});
