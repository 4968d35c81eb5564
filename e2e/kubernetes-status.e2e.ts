/**
 * What the control plane writes into resources of a real API server, with the permissions of our manifests and no more: who writes, when it writes, and
 * what it leaves alone. Needs Go for the first build of the API server.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { ApiObject } from '../src/kubernetes/api-object.js';
import { SUPPORTED_FEATURES } from '../src/status/features.js';
import { delta } from '../test/features/xds-client.js';
import { cleanup, onCleanup } from './harness/cleanup.js';
import { type KubeApi, startKubeApi } from './harness/kube-apiserver.js';
import { accountToken } from './harness/kube-identity.js';
import { apply, applyDefinitions, applyYaml, gatewayApiDefinitions, istioDefinitions, pathOf, remove } from './harness/kube-objects.js';
import { type Mizzen, startMizzen } from './harness/mizzen.js';
import { checkout } from './harness/processes.js';
import { measured } from './harness/report.js';
import { sleep, until } from './harness/wait.js';

const SYSTEM = 'istio-system';
const PERMISSIONS = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
const GATEWAY = 'gateway.networking.k8s.io/v1';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}
interface Status {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { name: string; attachedRoutes: number; conditions: readonly Condition[] }[];
  readonly parents?: readonly { controllerName: string; conditions: readonly Condition[] }[];
  readonly addresses?: readonly { value: string; host?: string; type?: string }[];
  readonly supportedFeatures?: readonly { name: string }[];
  readonly loadBalancer?: { ingress?: readonly object[] };
}

describe('status in Kubernetes', () => {
  let folder: string;
  let api: KubeApi;
  const replicas: Mizzen[] = [];

  const reference = (kind: string, name: string, apiVersion = GATEWAY, namespace = 'shop'): ApiObject => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace !== '' && { namespace }) },
  });
  const read = async (object: ApiObject): Promise<ApiObject & { status: Status }> => {
    const found = await api.client.get<ApiObject & { status?: Status }>(pathOf(object));
    return { ...found, status: found.status ?? {} };
  };
  const conditions = (list: readonly Condition[] | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries((list ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  /** Waits until the status is so. */
  const becomes = (object: ApiObject, is: (status: Status, whole: ApiObject) => boolean): Promise<Status> =>
    until(
      `the status of ${object.kind} ${object.metadata.name}`,
      async () => {
        const whole = await read(object);
        return is(whole.status, whole) ? whole.status : undefined;
      },
      { timeoutMs: 40_000 },
    );
  const writes = async (index: number): Promise<number> => {
    const body = await (await fetch(`http://${replicas[index]!.http}/metrics`)).text();
    return body.split('\n').reduce((sum, line) => (line.startsWith('mizzen_status_writes_total') ? sum + Number(line.split(' ').at(-1)) : sum), 0);
  };
  const startReplica = async (index: number, more: readonly string[] = []): Promise<void> => {
    replicas[index] = await startMizzen({
      dataDir: join(folder, `data${index}`),
      logFile: join(folder, `mizzen${index}.log`),
      args: ['--kubernetes', '--kubeconfig', join(folder, 'mizzen.kubeconfig'), '--revision', 'mizzen', '--revision-tags', 'default', ...more],
    });
  };
  const leader = async (): Promise<number> => {
    const { spec } = await api.client.get(`/apis/coordination.k8s.io/v1/namespaces/${SYSTEM}/leases/mizzen-leader-mizzen`);
    return replicas.findIndex(({ process }) => (spec as { holderIdentity: string }).holderIdentity.endsWith(`-${process.pid}`));
  };

  const gateway = reference('Gateway', 'public');
  const route = reference('HTTPRoute', 'web');
  const routeYaml = (backend: string): string => `
apiVersion: ${GATEWAY}
kind: HTTPRoute
metadata: { name: web, namespace: shop }
spec: { parentRefs: [{ name: public }], hostnames: [shop.example], rules: [{ backendRefs: [{ name: ${backend}, port: 80 }] }] }
`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mizzen-status-'));
    onCleanup(() => rmSync(folder, { recursive: true, force: true }));
    api = await startKubeApi(join(folder, 'api'));
    for (const name of [SYSTEM, 'shop']) await apply(api.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await applyDefinitions(api.client, [...istioDefinitions(), ...gatewayApiDefinitions()]);
    const manifests = parseAllDocuments(readFileSync(join(checkout, 'deploy/manifests/mizzen.yaml'), 'utf8')).map(
      (one) => one.toJS() as ApiObject | null,
    );
    for (const object of manifests) if (object !== null && PERMISSIONS.includes(object.kind ?? '')) await apply(api.client, object);
    const token = await accountToken(api.client, SYSTEM, 'mizzen-mizzen');
    writeFileSync(join(folder, 'mizzen.kubeconfig'), api.kubeconfigFor(token), { mode: 0o600 });
    await applyYaml(
      api.client,
      `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: public-istio, namespace: shop }
spec: { type: LoadBalancer, ports: [{ name: http, port: 80, nodePort: 30080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: public-istio-1, namespace: shop, labels: { kubernetes.io/service-name: public-istio } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints: [{ addresses: [10.1.0.1], conditions: { ready: true } }]
---
apiVersion: ${GATEWAY}
kind: Gateway
metadata: { name: public, namespace: shop }
spec: { gatewayClassName: istio, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---${routeYaml('web')}`,
    );
    await startReplica(0);
    await until('a leader', async () => (await leader()) === 0 || undefined);
    await startReplica(1);
  }, 900_000);
  afterAll(cleanup, 60_000);

  test('GA-001: the classes are made, accepted, and say what is supported', async () => {
    const { supportedFeatures } = await becomes(reference('GatewayClass', 'istio', GATEWAY, ''), ({ conditions: list }) => list !== undefined);
    expect(supportedFeatures?.map(({ name }) => name)).toEqual(SUPPORTED_FEATURES);
    const remote = await becomes(reference('GatewayClass', 'istio-remote', GATEWAY, ''), ({ conditions: list }) => list !== undefined);
    expect(conditions(remote.conditions)).toEqual({ Accepted: 'True Accepted' });
  });

  test('GA-025, GA-026: a Gateway and its routes are judged, and the address follows its Service', async () => {
    const pending = await becomes(gateway, ({ listeners }) => listeners?.[0]?.attachedRoutes === 1);
    expect(conditions(pending.conditions)).toEqual({
      Accepted: 'True Accepted',
      Programmed: 'False AddressNotAssigned',
      ResolvedRefs: 'True ResolvedRefs',
    });
    expect(pending.addresses).toBeUndefined();
    await apply(api.client, {
      ...reference('Service', 'public-istio', 'v1'),
      spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } },
    });
    const there = await becomes(gateway, ({ addresses }) => addresses !== undefined);
    expect(there.addresses).toEqual([{ type: 'IPAddress', value: '192.0.2.10' }]);
    expect(conditions(there.conditions)['Programmed']).toBe('True Programmed');
    expect(conditions(there.listeners?.[0]?.conditions)).toEqual({
      Accepted: 'True Accepted',
      Conflicted: 'False NoConflicts',
      Programmed: 'True Programmed',
      ResolvedRefs: 'True ResolvedRefs',
    });
    const { parents } = await becomes(route, ({ parents: list }) => list !== undefined);
    expect(parents?.map((one) => [one.controllerName, conditions(one.conditions)])).toEqual([
      ['istio.io/gateway-controller', { Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' }],
    ]);
  });

  test('GA-025: an edit shows, with its generation; what stays true keeps its time', async () => {
    const before = (await read(route)).status.parents?.[0]?.conditions;
    const begun = performance.now();
    await sleep(1100);
    const written = performance.now();
    await applyYaml(api.client, routeYaml('nowhere'));
    const { parents } = await becomes(route, ({ parents: list }) => conditions(list?.[0]?.conditions)['ResolvedRefs'] === 'False BackendNotFound');
    measured(`from the edit of a route to its status: ${Math.round(performance.now() - written)} ms (of ${Math.round(performance.now() - begun)})`);
    const after = parents?.[0]?.conditions ?? [];
    expect(after.map(({ observedGeneration }) => observedGeneration)).toEqual([2, 2]);
    const time = (list: readonly Condition[] | undefined, type: string): string => list?.find((one) => one.type === type)?.lastTransitionTime ?? '';
    expect(time(after, 'Accepted')).toBe(time(before, 'Accepted'));
    expect(time(after, 'ResolvedRefs') > time(before, 'ResolvedRefs')).toBe(true);
    await applyYaml(api.client, routeYaml('web'));
    await becomes(route, ({ parents: list }) => conditions(list?.[0]?.conditions)['ResolvedRefs'] === 'True ResolvedRefs');
  });

  test('GA-025: conditions and entries of others stay', async () => {
    const time = '2026-01-01T00:00:00Z';
    const theirs = { type: 'example.com/Checked', status: 'True', reason: 'Fine', message: 'by somebody else', lastTransitionTime: time };
    const other = { parentRef: { name: 'public' }, controllerName: 'example.com/other', conditions: [theirs] };
    const { status, ...now } = await read(route);
    await api.client.write('PUT', `${pathOf(route)}/status`, { body: { ...now, status: { parents: [other, ...(status.parents ?? [])] } } });
    const query = { fieldManager: 'somebody' };
    const body = { ...gateway, status: { conditions: [theirs] } };
    await api.client.write('PATCH', `${pathOf(gateway)}/status`, { body, query, contentType: 'application/apply-patch+yaml' });
    await applyYaml(api.client, routeYaml('nowhere'));
    await becomes(route, ({ parents }) => conditions(parents?.[1]?.conditions)['ResolvedRefs'] === 'False BackendNotFound');
    await remove(api.client, route);
    await becomes(gateway, ({ listeners }) => listeners?.[0]?.attachedRoutes === 0);
    await applyYaml(api.client, routeYaml('web'));
    await becomes(gateway, ({ listeners }) => listeners?.[0]?.attachedRoutes === 1);
    expect((await read(gateway)).status.conditions?.find(({ type }) => type === theirs.type)).toEqual(theirs);
    expect((await read(gateway)).status.conditions).toHaveLength(4);
  });

  test('SD-048, ST-004: ServiceEntries are given addresses, which stay, and go when nobody wants them', async () => {
    const entry = (more: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside, namespace: shop }
spec: { hosts: [one.example, two.example], ports: [{ number: 8080, name: http, protocol: HTTP }], resolution: DNS${more} }
`;
    const object = reference('ServiceEntry', 'outside', 'networking.istio.io/v1');
    await applyYaml(api.client, entry(''));
    const { addresses } = await becomes(object, ({ addresses: list }) => list !== undefined);
    expect(addresses?.map(({ host, value }) => `${host} ${value.startsWith('240.240.') ? 4 : value.startsWith('2001:2::') ? 6 : value}`)).toEqual([
      'one.example 4',
      'one.example 6',
      'two.example 4',
      'two.example 6',
    ]);
    await applyYaml(api.client, entry(', addresses: [192.0.2.77]'));
    await becomes(object, ({ addresses: list }) => list?.length === 0);
  });

  test('IG-006, ST-006: an Ingress is told where it is reached', async () => {
    await applyYaml(
      api.client,
      `
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: ${SYSTEM} }
spec: { type: LoadBalancer, ports: [{ name: http, port: 80, nodePort: 30081 }] }
status: { loadBalancer: { ingress: [{ ip: 192.0.2.20 }, { hostname: edge.example }] } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop, annotations: { kubernetes.io/ingress.class: istio } }
spec: { rules: [{ host: in.example, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }] }
`,
    );
    const { loadBalancer } = await becomes(
      reference('Ingress', 'web', 'networking.k8s.io/v1'),
      (status) => status.loadBalancer?.ingress !== undefined,
    );
    expect(loadBalancer?.ingress).toEqual([{ hostname: 'edge.example' }, { ip: '192.0.2.20' }]);
  });

  test('ST-006: nothing is written where nothing changed, whatever else happens', async () => {
    await sleep(1500);
    const before = await writes(0);
    const version = (await read(gateway)).metadata.resourceVersion;
    // What changes nothing of any status: a Service that nobody names, an annotation.
    await applyYaml(api.client, `{ apiVersion: v1, kind: Service, metadata: { name: idle, namespace: shop }, spec: { ports: [{ port: 81 }] } }`);
    await apply(api.client, {
      ...reference('Service', 'web', 'v1'),
      spec: { ports: [{ name: 'http', port: 80 }] },
      metadata: { name: 'web', namespace: 'shop', annotations: { a: 'b' } },
    } as ApiObject);
    await sleep(4000);
    measured(`writes in quiet: ${(await writes(0)) - before} of ${before}`);
    expect(await writes(0)).toBe(before);
    expect((await read(gateway)).metadata.resourceVersion).toBe(version);
    // Somebody who changes a condition of ours is put right, once.
    const { status, ...rest } = await read(gateway);
    const broken = (status.conditions ?? []).map((one) => (one.type === 'Accepted' ? { ...one, message: 'broken' } : one));
    await api.client.write('PUT', `${pathOf(gateway)}/status`, { body: { ...rest, status: { ...status, conditions: broken } } });
    await becomes(gateway, ({ conditions: list }) => list?.find(({ type }) => type === 'Accepted')?.message === 'Resource accepted');
    await sleep(1000);
    expect((await writes(0)) - before).toBe(1);
  });

  test('ST-008: only the leader writes; when it ends, the other goes on and has nothing to repeat', async () => {
    expect(await leader()).toBe(0);
    expect(await writes(0)).toBeGreaterThan(0);
    expect(await writes(1)).toBe(0);
    await replicas[0]!.stop();
    await until('the other to lead', async () => (await leader()) === 1 || undefined, { timeoutMs: 40_000 });
    await sleep(2000);
    expect(await writes(1)).toBe(0);
    await applyYaml(api.client, routeYaml('nowhere'));
    await becomes(route, ({ parents }) => conditions(parents?.at(-1)?.conditions)['ResolvedRefs'] === 'False BackendNotFound');
    // The route alone.
    expect(await writes(1)).toBe(1);
  });

  test('ST-002, ST-003: on request every resource of Istio’s says whether it is in force, in conflict, and on how many proxies of all replicas', async () => {
    // What the chart gives with status.resourceConditions.
    const groups = ['networking.istio.io', 'security.istio.io', 'telemetry.istio.io', 'extensions.istio.io'];
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'conditions' } };
    await apply(api.client, {
      ...role,
      kind: 'ClusterRole',
      rules: [
        { apiGroups: groups, resources: ['*/status'], verbs: ['patch'] },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['delete'] },
      ],
    });
    await apply(api.client, {
      ...role,
      kind: 'ClusterRoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'conditions' },
      subjects: [{ kind: 'ServiceAccount', name: 'mizzen-mizzen', namespace: SYSTEM }],
    });
    for (const replica of replicas) await replica.stop();
    for (const index of [2, 3]) await startReplica(index, ['--resource-conditions', 'on']);
    const rule = (name: string, spec: string): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
`;
    const pool = (n: number) => `{ host: web, trafficPolicy: { connectionPool: { tcp: { maxConnections: ${n} } } } }`;
    await applyYaml(api.client, rule('web', pool(7)));
    await sleep(1100);
    await applyYaml(api.client, rule('younger', pool(8)));
    await applyYaml(api.client, rule('bad', '{ host: "a b" }'));
    const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
    const words = 'Error adding/updating cluster(s) outbound|80||web.shop.svc.cluster.local: this proxy says no';
    const connect = async (index: number, error?: string) => {
      const stream = delta(Number(replicas[index]!.xds.split(':').at(-1)));
      const node = { id: `sidecar~10.2.0.${index}~client-${index}.shop~shop.svc.cluster.local`, cluster: 'client', metadata: { NAMESPACE: 'shop' } };
      stream.send({ node: node as never, typeUrl: CLUSTER });
      const { nonce } = await stream.next();
      stream.send({
        typeUrl: CLUSTER,
        responseNonce: nonce,
        ...(error !== undefined && { errorDetail: { code: 13, message: error, details: [] } as never }),
      });
      return stream;
    };
    const streams = [await connect(2), await connect(3)];
    const object = reference('DestinationRule', 'web', 'networking.istio.io/v1');
    const message = (status: Status, type: string): string | undefined => status.conditions?.find((one) => one.type === type)?.message;
    const both = await becomes(object, (status) => message(status, 'Programmed') === '2 of 2 proxies have it');
    expect(conditions(both.conditions)).toEqual({ Accepted: 'True Accepted', Conflicted: 'False NoConflicts', Programmed: 'True Programmed' });
    const younger = await becomes(reference('DestinationRule', 'younger', 'networking.istio.io/v1'), (status) => status.conditions !== undefined);
    expect(conditions(younger.conditions)['Conflicted']).toBe('True Conflicts');
    expect(message(younger, 'Conflicted')).toContain('DestinationRule shop/web');
    const bad = await becomes(reference('DestinationRule', 'bad', 'networking.istio.io/v1'), (status) => status.conditions !== undefined);
    expect(conditions(bad.conditions)['Accepted']).toBe('False Invalid');
    measured(`a resource that is wrong says: ${message(bad, 'Accepted')}`);
    streams[1]!.stop();
    streams[1] = await connect(3, words);
    const refused = await becomes(object, (status) => conditions(status.conditions)['Programmed'] === 'False RefusedByEnvoy');
    expect(message(refused, 'Programmed')).toBe(`1 of 2 proxies have it; client-3.shop: ${words}`);
    for (const stream of streams) stream.stop();
  }, 120_000);

  test('ST-006: it was never refused for want of a permission', () => {
    const text = ['mizzen0.log', 'mizzen1.log', 'mizzen2.log', 'mizzen3.log'].map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    expect(text.split('\n').filter((line) => /forbidden|"level":(50|60)/.test(line) && !line.includes('(NACK)'))).toEqual([]);
  });
});
