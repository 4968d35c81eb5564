/**
 * Managed gateways in a real Kubernetes API: what the leader applies for a Gateway is run as Kubernetes' controllers and kubelets would run it, and
 * answers requests. Mizzen has the permissions of our manifests and no more; the namespace takes only restricted pods. Needs what pods.e2e.ts needs.
 */
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findEnvoy } from '../scripts/envoy.mjs';
import type { ApiObject } from '../src/kubernetes/api-object.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { type Controllers, playControllers } from './harness/kube-controllers.js';
import { accountToken } from './harness/kube-identity.js';
import { apply, applyDefinitions, applyPermissions, gatewayApiDefinitions, istioDefinitions, remove } from './harness/kube-objects.js';
import { get, type PodMesh, startPodMesh } from './harness/mesh-pods.js';
import { type Pod, podsMissing } from './harness/pods.js';
import { node, run } from './harness/processes.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const missing = podsMissing();
const title = missing ? `managed gateways (skipped: ${missing})` : 'managed gateways';
const SYSTEM = 'istio-system';
const SHOP = '/api/v1/namespaces/shop';
const host = { host: 'shop.example' };

(missing ? describe.skip : describe)(title, () => {
  let mesh: PodMesh;
  let api: KubeApi;
  let controllers: Controllers;
  let client: Pod;

  const gateway = (name: string, port: number, more: { annotations?: object; infrastructure?: object } = {}): ApiObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace: 'shop', ...(more.annotations !== undefined && { annotations: more.annotations as Record<string, string> }) },
    spec: {
      gatewayClassName: 'istio',
      listeners: [{ name: 'http', port, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' } } }],
      ...(more.infrastructure !== undefined && { infrastructure: more.infrastructure }),
    },
  });
  const object = async (path: string): Promise<ApiObject | undefined> => api.client.get(path).catch(() => undefined);
  const there = (path: string): Promise<ApiObject> => until(`${path} to be there`, () => object(path), { timeoutMs: 20_000, everyMs: 50 });
  const gone = (path: string): Promise<true> => until(`${path} to be gone`, async () => (await object(path)) === undefined || undefined);
  const ports = ({ spec }: ApiObject): number[] => (spec as { ports: { port: number }[] }).ports.map(({ port }) => port);
  const problems = async (): Promise<string> => {
    const [command = '', ...rest] = mesh.network.inHub;
    return run(command, [...rest, node, '-e', `fetch('http://${mesh.mizzen().http}/debug/problems').then(async (r) => console.log(await r.text()))`]);
  };

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mizzen-gateways-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    mesh = await startPodMesh(folder, 12, undefined, {
      kubernetes: async (network) => {
        api = await startKubeApi(join(folder, 'api'), { host: network.hubIp, within: network.inHub });
        await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } });
        const labels = { 'istio.io/rev': 'mizzen', 'pod-security.kubernetes.io/enforce': 'restricted' };
        await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
        await applyDefinitions(api.client, [...istioDefinitions(), ...gatewayApiDefinitions()]);
        await applyPermissions(api.client);
        const kubeconfig = join(folder, 'mizzen.kubeconfig');
        writeFileSync(kubeconfig, api.kubeconfigFor(await accountToken(api.client, SYSTEM, 'mizzen-mizzen')), { mode: 0o600 });
        const settings = join(folder, 'inject.yaml');
        const seccompProfile = { type: 'RuntimeDefault' };
        const values = {
          revision: 'mizzen',
          envoy: { xdsAddress: `${network.hubIp}:15012` },
          global: { proxy: { seccompProfile } },
          gateways: { seccompProfile },
        };
        writeFileSync(settings, JSON.stringify({ defaultTemplates: ['envoy'], values }));
        return ['--kubernetes', '--kubeconfig', kubeconfig, '--revision', 'mizzen', '--inject-config', settings];
      },
    });
    const envoy = join(folder, 'envoy');
    copyFileSync(await findEnvoy(), envoy);
    chmodSync(envoy, 0o755);
    controllers = playControllers({ client: api.client, namespace: 'shop', network: mesh.network, folder, envoy });
    client = await mesh.network.pod('client', { transparent: false });
    const echo = await mesh.network.pod('echo', { transparent: false });
    await mesh.app(echo, 8080, { SERVICE: 'echo', VERSION: 'v1' });
    await apply(api.client, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'echo', namespace: 'shop' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    await apply(api.client, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'echo-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'echo' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: [echo.ip], conditions: { ready: true } }],
    });
    await apply(api.client, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'echo', namespace: 'shop' },
      spec: { parentRefs: [{ name: 'edge' }], hostnames: ['shop.example'], rules: [{ backendRefs: [{ name: 'echo', port: 80 }] }] },
    });
  }, 900_000);
  afterAll(async () => {
    await controllers.stop();
    await cleanup();
  }, 60_000);

  test('GA-002: a Gateway gets Deployment, Service and account, and its pod answers requests', async () => {
    const begun = performance.now();
    await apply(api.client, gateway('edge', 80));
    const made = [
      await there('/apis/apps/v1/namespaces/shop/deployments/edge-istio'),
      await there(`${SHOP}/services/edge-istio`),
      await there(`${SHOP}/serviceaccounts/edge-istio`),
    ];
    measured(`from the Gateway to its Deployment, Service and account: ${Math.round(performance.now() - begun)} ms`);
    const owner = await there('/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/edge');
    for (const { metadata } of made) {
      expect(metadata.labels).toMatchObject({
        'gateway.networking.k8s.io/gateway-name': 'edge',
        'gateway.networking.k8s.io/gateway-class-name': 'istio',
        'gateway.istio.io/managed': 'istio.io-gateway-controller',
      });
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'Gateway', name: 'edge', uid: owner.metadata.uid }]);
      const { managedFields } = metadata as ApiObject['metadata'] & { managedFields: { manager: string; operation: string }[] };
      expect(managedFields).toContainEqual(expect.objectContaining({ manager: 'istio.io/gateway-controller', operation: 'Apply' }));
    }
    expect(made[1]!['spec']).toMatchObject({ type: 'LoadBalancer' });
    const pod = await controllers.pod('edge-istio');
    await until('the gateway to answer', async () => (await get(client, `http://${pod.ip}/`, { headers: host })).status === 200, {
      timeoutMs: 40_000,
    });
    measured(`from the Gateway to an answer through its pod: ${Math.round(performance.now() - begun)} ms`);
    expect((await get(client, `http://${pod.ip}/`, { headers: host })).body).toContain('"echo"');
    expect((await get(client, `http://${pod.ip}/`, { headers: { host: 'other.example' } })).status).toBe(404);
  });

  test('GA-004: a listener that moves takes the Service’s port with it, and the running pod', async () => {
    const pod = await controllers.pod('edge-istio');
    await apply(api.client, gateway('edge', 8080));
    const begun = performance.now();
    await until('the port of the Service', async () => ports(await there(`${SHOP}/services/edge-istio`)).join() === '15021,8080', { everyMs: 20 });
    measured(`from the edit to the Service: ${Math.round(performance.now() - begun)} ms`);
    await until('the new port to answer', async () => (await get(client, `http://${pod.ip}:8080/`, { headers: host })).status === 200, {
      timeoutMs: 20_000,
    });
    expect((await controllers.pod('edge-istio')).ip).toBe(pod.ip);
  });

  test('GA-003: a ConfigMap makes an autoscaler and a disruption budget, and takes them away again', async () => {
    const options = (data: Record<string, string>): ApiObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'options', namespace: 'shop' },
      data,
    });
    await apply(
      api.client,
      options({ horizontalPodAutoscaler: 'spec: { minReplicas: 2, maxReplicas: 5 }', podDisruptionBudget: 'spec: { minAvailable: 1 }' }),
    );
    const infrastructure = { labels: { team: 'edge' }, parametersRef: { group: '', kind: 'ConfigMap', name: 'options' } };
    await apply(api.client, gateway('edge', 8080, { infrastructure }));
    const [scaler, budget] = [
      '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/edge-istio',
      '/apis/policy/v1/namespaces/shop/poddisruptionbudgets/edge-istio',
    ];
    expect((await there(scaler))['spec']).toMatchObject({
      minReplicas: 2,
      maxReplicas: 5,
      scaleTargetRef: { kind: 'Deployment', name: 'edge-istio' },
    });
    expect((await there(budget)).metadata.labels?.['team']).toBe('edge');
    await apply(api.client, options({ service: 'spec: { sessionAffinity: ClientIP }', deployment: 'spec: [' }));
    await until('the bad overlay to be told', async () => (await problems()).includes('ConfigMap shop/options: deployment') || undefined);
    expect(await object(scaler)).toBeDefined();
    await apply(api.client, options({ service: 'spec: { sessionAffinity: ClientIP }' }));
    await gone(scaler);
    await gone(budget);
    expect((await there(`${SHOP}/services/edge-istio`))['spec']).toMatchObject({ sessionAffinity: 'ClientIP' });
  });

  test('GA-002: the form for Istio’s image is taken by the API server; what is not ours stays as it is', async () => {
    await apply(api.client, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'agent-istio', namespace: 'shop' },
      spec: { ports: [{ name: 'own', port: 7 }] },
    });
    await apply(api.client, gateway('agent', 80, { annotations: { 'inject.istio.io/templates': 'gateway' } }));
    const { spec } = await there('/apis/apps/v1/namespaces/shop/deployments/agent-istio');
    expect(JSON.stringify(spec)).toContain('proxyv2');
    await until(
      'the conflict to be told',
      async () => (await problems()).includes('Service shop/agent-istio exists and is not ours to change') || undefined,
    );
    expect(ports(await there(`${SHOP}/services/agent-istio`))).toEqual([7]);
    await remove(api.client, gateway('agent', 80));
  });

  test('GA-002: a control plane that starts anew changes nothing, and puts right what was changed meanwhile', async () => {
    const paths = ['/apis/apps/v1/namespaces/shop/deployments/edge-istio', `${SHOP}/services/edge-istio`, `${SHOP}/serviceaccounts/edge-istio`];
    const versions = async (): Promise<(string | undefined)[]> =>
      Promise.all(paths.map(async (path) => (await there(path)).metadata.resourceVersion));
    const before = await versions();
    await mesh.mizzen().stop();
    await mesh.startMizzen();
    await apply(api.client, gateway('second', 80));
    await there(`${SHOP}/services/second-istio`);
    await sleep(1000);
    expect(await versions()).toEqual(before);
    await api.client.write('DELETE', `${SHOP}/services/second-istio`, { body: {} });
    await there(`${SHOP}/services/second-istio`);
  });

  test('GA-002: with the Gateway goes all that was made for it', async () => {
    for (const name of ['edge', 'second']) await remove(api.client, gateway(name, 80));
    for (const path of ['/apis/apps/v1/namespaces/shop/deployments', `${SHOP}/services`, `${SHOP}/serviceaccounts`]) {
      await gone(`${path}/edge-istio`);
      await gone(`${path}/second-istio`);
    }
    await sleep(2000);
    expect(await object(`${SHOP}/services/edge-istio`)).toBeUndefined();
    expect(ports(await there(`${SHOP}/services/agent-istio`))).toEqual([7]);
  });
});
