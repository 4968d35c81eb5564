/**
 * Two Kubernetes clusters, each a real API server: the second joins by a secret, changes, is away for a while, and leaves. What proxies are sent is read
 * from an xDS stream that stays open all the time. The control plane has the permissions of our manifests in both. Needs Go for its first build.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiObject } from '../src/kubernetes/api-object.js';
import { readTrustNote } from '../src/server/trust.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { watchEndpoints } from './harness/endpoint-watch.js';
import { fetchOnce } from './harness/http.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { accountToken, requestCertificate } from './harness/kube-identity.js';
import { apply, applyDefinitions, applyPermissions, istioDefinitions, remove } from './harness/kube-objects.js';
import { type Mizzen, startMizzen } from './harness/mizzen.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const SYSTEM = 'istio-system';
const ACCOUNT = 'mizzen-mizzen';
const NETWORK = 'topology.istio.io/network';

describe('clusters in Kubernetes', () => {
  let folder: string;
  let main: KubeApi;
  let north: KubeApi;
  let mizzen: Mizzen;
  let endpoints: ReturnType<typeof watchEndpoints>;

  const namespace = (name: string, metadata: object = {}): ApiObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } });
  const root = (): string => readTrustNote(join(folder, 'data'))?.rootPem ?? '';
  const problems = async (): Promise<string> => (await fetchOnce(`http://${mizzen.http}/debug/problems`)).body;
  const told = (text: string): Promise<true> =>
    until(`${JSON.stringify(text)} among the problems`, async () => (await problems()).includes(text) || undefined, { timeoutMs: 30_000 });
  const reached = (what: string, ...addresses: string[]): Promise<true> =>
    until(what, async () => endpoints.addresses().join() === addresses.join() || undefined, { everyMs: 10, timeoutMs: 30_000 });
  const secret = (kubeconfigs: Readonly<Record<string, string>>, name = 'istio-remote-secret-north'): ApiObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: SYSTEM, labels: { 'istio/multiCluster': 'true' } },
    data: Object.fromEntries(Object.entries(kubeconfigs).map(([cluster, text]) => [cluster, Buffer.from(text).toString('base64')])),
  });
  /** A Service, its pods and the slice that leads to them. */
  const publish = async ({ client }: KubeApi, ...ips: string[]): Promise<void> => {
    for (const ip of ips) {
      const name = `echo-${ip.replaceAll('.', '-')}`;
      await apply(client, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'shop', labels: { app: 'echo', 'security.istio.io/tlsMode': 'istio' } },
        spec: { serviceAccountName: 'echo', containers: [{ name: 'app', image: 'none' }] },
        status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
      });
    }
    await apply(client, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'echo', namespace: 'shop' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    await apply(client, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'echo-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'echo' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: ips.map((ip) => ({
        addresses: [ip],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name: `echo-${ip.replaceAll('.', '-')}`, namespace: 'shop' },
      })),
    });
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-clusters-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    [main, north] = await Promise.all([startKubeApi(join(folder, 'main')), startKubeApi(join(folder, 'north'))]);
    for (const { client } of [main, north]) {
      for (const name of [SYSTEM, 'shop']) await apply(client, namespace(name));
      await applyPermissions(client);
    }
    await applyDefinitions(main.client, istioDefinitions());
    await publish(main, '10.10.0.1');
    await publish(north, '10.20.0.1');
    const kubeconfig = join(folder, 'mizzen.kubeconfig');
    writeFileSync(kubeconfig, main.kubeconfigFor(await accountToken(main.client, SYSTEM, ACCOUNT)), { mode: 0o600 });
    mizzen = await startMizzen({
      dataDir: join(folder, 'data'),
      logFile: join(folder, 'mizzen.log'),
      args: ['--kubernetes', '--kubeconfig', kubeconfig, '--revision', 'mizzen', '--webhook-address', '127.0.0.1:0'],
    });
    endpoints = watchEndpoints(Number(mizzen.xds.split(':').at(-1)), 'outbound|80||echo.shop.svc.cluster.local', {
      namespace: 'shop',
      network: 'main-net',
    });
    await reached('the endpoint of main', '10.10.0.1:8080');
  }, 900_000);
  afterAll(async () => {
    endpoints?.stop();
    await cleanup();
  }, 60_000);

  test('CL-002: kubeconfigs that would run, read or trust something are refused, with the cluster and the reason', async () => {
    const base = JSON.parse(north.kubeconfigFor('x')) as { clusters: { cluster: object }[]; users: { user: object }[] };
    const withUser = (user: object): string => JSON.stringify({ ...base, users: [{ name: 'test', user }] });
    const withCluster = (cluster: object): string => JSON.stringify({ ...base, clusters: [{ name: 'test', cluster }] });
    const bad = {
      runs: withUser({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh' } }),
      reads: withUser({ tokenFile: '/etc/passwd' }),
      trusts: withCluster({ ...base.clusters[0]!.cluster, 'insecure-skip-tls-verify': true }),
      clear: withCluster({ server: 'http://127.0.0.1:1' }),
      none: 'hello',
    };
    await apply(main.client, secret(bad, 'istio-remote-secret-bad'));
    for (const text of [
      'exec runs a program',
      'tokenFile names a file',
      'insecure-skip-tls-verify trusts anybody',
      'server is no https address',
      'is no kubeconfig',
    ])
      await told(text);
    expect(await problems()).toContain('istio-remote-secret-bad');
    expect(endpoints.addresses()).toEqual(['10.10.0.1:8080']);
    await remove(main.client, secret(bad, 'istio-remote-secret-bad'));
    await until('the problems to go', async () => !(await problems()).includes('istio-remote-secret-bad') || undefined);
  });

  test('CL-001: a secret brings the endpoints of its cluster; what changes there is seen', async () => {
    const begun = performance.now();
    await apply(main.client, secret({ north: north.kubeconfigFor(await accountToken(north.client, SYSTEM, ACCOUNT)) }));
    await reached('the endpoints of both', '10.10.0.1:8080', '10.20.0.1:8080');
    measured(`from the secret to the endpoints of north: ${Math.round(performance.now() - begun)} ms`);
    await publish(north, '10.20.0.1', '10.20.0.2');
    await reached('one more in north', '10.10.0.1:8080', '10.20.0.1:8080', '10.20.0.2:8080');
  });

  test('CL-001: other credentials for the same cluster change nothing that proxies are sent', async () => {
    const before = endpoints.updates();
    const other: ApiObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'other', namespace: SYSTEM } };
    await apply(north.client, other);
    const rbac = 'rbac.authorization.k8s.io';
    for (const kind of ['ClusterRole', 'Role'] as const) {
      const at = kind === 'Role' ? { namespace: SYSTEM } : {};
      const list = await north.client.get<{ items: ApiObject[] }>(
        kind === 'Role' ? `/apis/${rbac}/v1/namespaces/${SYSTEM}/roles` : `/apis/${rbac}/v1/clusterroles`,
      );
      const name = list.items.find(({ metadata }) => metadata.name.startsWith('mizzen'))!.metadata.name;
      await apply(north.client, {
        apiVersion: `${rbac}/v1`,
        kind: `${kind}Binding`,
        metadata: { name: 'other', ...at },
        roleRef: { apiGroup: rbac, kind, name },
        subjects: [{ kind: 'ServiceAccount', name: 'other', namespace: SYSTEM }],
      });
    }
    await apply(main.client, secret({ north: north.kubeconfigFor(await accountToken(north.client, SYSTEM, 'other')) }));
    await sleep(3000);
    await remove(north.client, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: SYSTEM } });
    expect(endpoints.updates()).toBe(before);
    await publish(north, '10.20.0.2');
    await reached('the change in north', '10.10.0.1:8080', '10.20.0.2:8080');
  });

  test('CL-001: a cluster that is away keeps its last endpoints and is told; what changed meanwhile is seen when it is back', async () => {
    const before = endpoints.updates();
    await north.stop();
    await told('the Kubernetes API of cluster north');
    await publish(main, '10.10.0.1', '10.10.0.2');
    await reached('the change in main', '10.10.0.1:8080', '10.10.0.2:8080', '10.20.0.2:8080');
    await sleep(5000);
    expect(endpoints.addresses()).toContain('10.20.0.2:8080');
    expect(endpoints.updates()).toBe(before + 1);
    await north.start();
    await publish(north, '10.20.0.3');
    await reached('the change in north', '10.10.0.1:8080', '10.10.0.2:8080', '10.20.0.3:8080');
    await until('the problem to go', async () => !(await problems()).includes('cluster north') || undefined, { timeoutMs: 30_000 });
  });

  test('CL-014: a token is reviewed by the cluster that its bearer names, and by no other', async () => {
    const account: ApiObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'echo', namespace: 'shop' } };
    for (const { client } of [main, north]) await apply(client, account);
    const [own, far] = await Promise.all([main, north].map(({ client }) => accountToken(client, 'shop', 'echo', 'istio-ca')));
    const ask = async (token: string, cluster: string): Promise<boolean> =>
      (await requestCertificate(mizzen.xdsTls, root(), token, cluster)).chain.length > 0;
    expect([await ask(own!, 'Kubernetes'), await ask(far!, 'north')]).toEqual([true, true]);
    expect([await ask(own!, 'north'), await ask(far!, 'Kubernetes'), await ask(far!, 'south')]).toEqual([false, false, false]);
  });

  test('CL-012: a cluster that names us as its control plane gets the roots in its namespaces, and our root in its webhooks', async () => {
    const rootIn = async (name: string): Promise<unknown> => {
      const found = await north.client.get(`/api/v1/namespaces/${name}/configmaps/istio-ca-root-cert`).catch(() => undefined);
      return (found?.['data'] as Record<string, string> | undefined)?.['root-cert.pem'];
    };
    const hook: ApiObject = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'mizzen-north', labels: { 'istio.io/rev': 'mizzen' } },
      webhooks: [
        {
          name: 'rev.namespace.sidecar-injector.istio.io',
          clientConfig: { url: 'https://192.0.2.1:15017/inject/cluster/north' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          failurePolicy: 'Ignore',
          namespaceSelector: { matchLabels: { 'istio.io/rev': 'mizzen' } },
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        },
      ],
    };
    await apply(north.client, hook);
    expect(await rootIn('shop')).toBeUndefined();
    await apply(north.client, namespace(SYSTEM, { annotations: { 'topology.istio.io/controlPlaneClusters': 'elsewhere,Kubernetes' } }));
    await until('the root in north', async () => (await rootIn('shop')) === root() || undefined, { timeoutMs: 40_000 });
    await apply(north.client, namespace('later'));
    await until('the root in later', async () => (await rootIn('later')) === root() || undefined);
    await north.client.write('DELETE', '/api/v1/namespaces/shop/configmaps/istio-ca-root-cert', { body: {} });
    await until('the root to come back', async () => (await rootIn('shop')) === root() || undefined);
    await until('the webhook to trust us', async () => {
      const { webhooks } = await north.client.get<ApiObject & { webhooks: { clientConfig: { caBundle?: string } }[] }>(
        '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/mizzen-north',
      );
      return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString() === root() || undefined;
    });
  });

  test('CL-005, CL-006: in another network north is reached through its gateway', async () => {
    await apply(main.client, namespace(SYSTEM, { labels: { [NETWORK]: 'main-net' } }));
    await apply(north.client, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'eastwest', namespace: SYSTEM, labels: { [NETWORK]: 'north-net' } },
      spec: { type: 'LoadBalancer', ports: [{ name: 'tls', port: 15443 }] },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
    });
    const annotations = { 'topology.istio.io/controlPlaneClusters': 'Kubernetes' };
    await apply(north.client, namespace(SYSTEM, { annotations, labels: { [NETWORK]: 'north-net' } }));
    await reached('north through its gateway', '10.10.0.1:8080', '10.10.0.2:8080', '192.0.2.9:15443');
  });

  test('CL-001: when the secret goes, all of its cluster goes, live', async () => {
    const begun = performance.now();
    await remove(main.client, secret({}));
    await reached('only main', '10.10.0.1:8080', '10.10.0.2:8080');
    measured(`from the end of the secret to that of the endpoints: ${Math.round(performance.now() - begun)} ms`);
    const token = await accountToken(north.client, 'shop', 'echo', 'istio-ca');
    const { error } = await requestCertificate(mizzen.xdsTls, root(), token, 'north');
    expect(error).toContain('no cluster is called "north"');
  });
});
