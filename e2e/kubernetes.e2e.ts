/**
 * A mesh in a real Kubernetes API: what is written there reaches real sidecars, kinds may come later, and an API server that is away for a while
 * costs no request. Needs what pods.e2e.ts needs, and Go for the first build of the API server.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { apply, applyDefinitions, applyYaml, gatewayApiDefinitions, istioDefinitions, remove } from './harness/kube-objects.js';
import { burstFrom, get, loadFrom, type PodMesh, startPodMesh } from './harness/mesh-pods.js';
import { type Pod, podsMissing } from './harness/pods.js';
import { checkout } from './harness/processes.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const missing = podsMissing();
const title = missing ? `Kubernetes (skipped: ${missing})` : 'Kubernetes';
const url = 'http://10.96.0.10/';
const AWAY_MS = 60_000;
const host = { host: 'echo.pods' };

(missing ? describe.skip : describe)(title, () => {
  let mesh: PodMesh;
  let api: KubeApi;
  const pods: Record<string, Pod> = {};
  const pod = (name: string): Pod => pods[name]!;
  const answers = async (total = 40): Promise<Readonly<Record<string, number>>> =>
    (await burstFrom(pod('client'), { url, headers: host, total })).labels;
  const only = (version: string): Promise<true> =>
    until(`all requests to reach ${version}`, async () => (await answers(20))[`echo ${version}`] === 20 || undefined, { timeoutMs: 40_000 });

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-kube-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mesh = await startPodMesh(folder, 10, undefined, {
      kubernetes: async (network) => {
        api = await startKubeApi(join(folder, 'api'), { host: network.hubIp, within: network.inHub });
        await applyDefinitions(api.client, istioDefinitions());
        await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } });
        return ['--kubernetes', '--kubeconfig', api.kubeconfig];
      },
    });
    for (const name of ['echo-v1', 'echo-v2', 'client']) pods[name] = await mesh.network.pod(name);
    const yaml = readFileSync(join(checkout, 'e2e/testdata/pods.yaml'), 'utf8');
    await applyYaml(
      api.client,
      yaml.replace(/IP-([a-z0-9-]+?)(?=[ ,}\n])/g, (_, name: string) => pod(name).ip),
    );
    for (const version of ['v1', 'v2']) {
      const there = pod(`echo-${version}`);
      await mesh.app(there, 8080, { SERVICE: 'echo', VERSION: version });
      await mesh.sidecar(there, {
        namespace: 'pods',
        serviceAccount: 'echo',
        labels: { app: 'echo', version, 'security.istio.io/tlsMode': 'istio' },
      });
    }
    await slice(['echo-v1', 'echo-v2']);
    await mesh.sidecar(pod('client'), { namespace: 'pods', serviceAccount: 'client', labels: { app: 'client' } });
    await until('the client to reach echo', async () => (await get(pod('client'), url, { headers: host })).status === 200, { timeoutMs: 30_000 });
  }, 900_000);
  afterAll(cleanup, 60_000);

  /** What the endpoint slice controller would write. */
  const slice = (names: readonly string[]): Promise<void> =>
    apply(api.client, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'echo-1', namespace: 'pods', labels: { 'kubernetes.io/service-name': 'echo' } },
      addressType: 'IPv4',
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'tcp', port: 8081, protocol: 'TCP' },
      ],
      endpoints: names.map((name) => ({
        addresses: [pod(name).ip],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', name, namespace: 'pods' },
      })),
    });
  const route = (weights: Readonly<Record<string, number>>) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'echo', namespace: 'pods' },
    spec: {
      hosts: ['echo'],
      http: [{ route: Object.entries(weights).map(([subset, weight]) => ({ destination: { host: 'echo', subset }, weight })) }],
    },
  });

  test('SD-001, SD-019, PA-005: a request passes two sidecars that the API server told us of, by mutual TLS', async () => {
    const { peer } = JSON.parse((await get(pod('client'), url, { headers: host })).body) as { peer: string };
    expect(peer).toBe('spiffe://cluster.local/ns/pods/sa/client');
    expect(Object.keys(await answers()).sort()).toEqual(['echo v1', 'echo v2']);
  });

  test('VS-020: an edit through the API takes effect', async () => {
    await apply(api.client, route({ v1: 100 }));
    await only('v1');
    const begun = performance.now();
    await apply(api.client, route({ v2: 100 }));
    await until('the edit', async () => (await get(pod('client'), url, { headers: host })).body.includes('"v2"'), { everyMs: 5 });
    measured(`from the API to an answer of v2: ${Math.round(performance.now() - begun)} ms`);
    await only('v2');
    await remove(api.client, route({}));
    await until('both versions', async () => Object.keys(await answers()).length === 2 || undefined);
  });

  test('an API server that is away costs no request, and what changes after it is back is seen', async () => {
    const stop = loadFrom(pod('client'), { url, headers: host, perSecond: 100 });
    await sleep(1000);
    await api.stop();
    await sleep(AWAY_MS);
    await api.start();
    await slice(['echo-v1']);
    await only('v1');
    await apply(api.client, route({ v1: 100 }));
    await slice(['echo-v1', 'echo-v2']);
    await sleep(1500);
    await apply(api.client, route({ v2: 100 }));
    await only('v2');
    const result = await stop();
    measured(`API server away for ${AWAY_MS / 1000} s: ${result.failed} of ${result.sent} requests failed ${JSON.stringify(result.failures)}`);
    expect(result.failed).toBe(0);
    await remove(api.client, route({}));
  }, 240_000);

  test('GA-001: a kind whose definition comes later is read when it comes', async () => {
    await applyDefinitions(api.client, gatewayApiDefinitions());
    await apply(api.client, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'echo', namespace: 'pods' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'echo', port: 80 }],
        rules: [
          {
            filters: [
              { type: 'RequestRedirect', requestRedirect: { path: { type: 'ReplaceFullPath', replaceFullPath: '/moved' }, statusCode: 302 } },
            ],
          },
        ],
      },
    });
    await until('the route of Gateway API', async () => (await get(pod('client'), url, { headers: host })).status === 302 || undefined, {
      timeoutMs: 30_000,
    });
  });

  test('XD-002: a control plane that starts anew sends no resource that its proxies have', async () => {
    await remove(api.client, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'echo', namespace: 'pods' } });
    await until('the redirect to be gone', async () => (await get(pod('client'), url, { headers: host })).status === 200 || undefined);
    const updates = async (): Promise<string> => {
      const { body } = await get(
        pod('client'),
        'http://127.0.0.1:15000/stats?filter=(cluster|listener)_(added|modified|removed)|rds.*update_success',
        {},
        pod('client').asEnvoy,
      );
      return body.trim();
    };
    await sleep(1000);
    const before = await updates();
    await mesh.mizzen().stop();
    await mesh.startMizzen();
    await until(
      'the client to be connected again',
      async () => {
        const { body } = await get(pod('client'), 'http://127.0.0.1:15000/stats?filter=control_plane.connected_state', {}, pod('client').asEnvoy);
        return body.includes(': 1') || undefined;
      },
      { timeoutMs: 40_000 },
    );
    await sleep(3000);
    measured(`updates before and after the restart:\n${before}\n${await updates()}`);
    expect(await updates()).toBe(before);
  });
});
