/** The duty of the leader against an API server of a few lines, which takes applies, answers with defaults of its own, and counts. */
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Problem } from '../../api/problem.js';
import { readInjectionConfig } from '../../injection/settings.js';
import { FakeApiServer, json } from '../../kubernetes/testing/fake-api-server.js';
import { RevisionTags } from '../../sources/kubernetes/revision-tags.js';
import { parseResources } from '../../sources/load.js';
import { gatewayInstruments } from '../../telemetry/gateway-instruments.js';
import { Instruments } from '../../telemetry/instruments.js';
import { addResources, createMesh, type MeshInstance } from '../mesh-instance.js';
import { keepGateways } from './keep-gateways.js';
import { wantedGateways } from './wanted.js';

type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- objects are read by their paths

interface GatewayChange {
  annotations?: object;
  labels?: object;
  deletionTimestamp?: string;
  port?: number;
  uid?: string;
  name?: string;
  spec?: object;
}

const SERVICES = '/api/v1/namespaces/shop/services';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/shop/deployments';
const BUDGETS = '/apis/policy/v1/namespaces/shop/poddisruptionbudgets';
const gateway = (over: GatewayChange = {}): string =>
  JSON.stringify({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: {
      name: over.name ?? 'edge',
      namespace: 'shop',
      uid: over.uid ?? 'uid-1',
      labels: over.labels ?? {},
      deletionTimestamp: over.deletionTimestamp,
      annotations: over.annotations ?? {},
    },
    spec: { gatewayClassName: 'istio', listeners: [{ name: 'http', port: over.port ?? 80, protocol: 'HTTP' }], ...over.spec },
  });

describe('managed Gateways', () => {
  let server: FakeApiServer;
  let instance: MeshInstance;
  let wanted: ReturnType<typeof wantedGateways>;
  let stop: AbortController;
  let duty: Promise<void>;
  let problems: readonly Problem[];
  /** Every write: `PATCH path`. */
  let writes: string[];
  let objects: Map<string, Json>;
  let fails: (path: string) => boolean;

  beforeEach(async () => {
    server = new FakeApiServer();
    writes = [];
    problems = [];
    objects = new Map();
    fails = () => false;
    server.intercept = (request, response, { pathname }) => {
      const known = objects.get(pathname);
      if (request.method === 'GET' && /\/namespaces\//.test(pathname)) json(response, known === undefined ? 404 : 200, known ?? {});
      else if (request.method === 'DELETE') {
        writes.push(`DELETE ${pathname}`);
        forget(pathname);
        json(response, 200, {});
      } else if (request.method === 'PATCH') {
        writes.push(`PATCH ${pathname}`);
        if (fails(pathname)) json(response, 500, { kind: 'Status', message: 'not now' });
        else void bodyOf(request).then((body) => json(response, 200, keep(pathname, body)));
      } else return false;
      return true;
    };
    await server.start();
    instance = createMesh();
    wanted = wantedGateways(instance.mesh, 'istio-system');
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await duty;
    await server.stop();
  });

  const collection = (path: string): string => path.replace(/\/namespaces\/[^/]+/, '').replace(/\/[^/]+$/, '');
  /** What an API server does: fields of its own, and a version. */
  const keep = (path: string, body: Json): Json => {
    const spec = { ...body['spec'], ...(path.includes('/services/') && { clusterIP: '10.96.0.1' }) };
    const object = { ...body, spec };
    server.set(collection(path), body['metadata'].name, object, body['metadata'].namespace);
    objects.set(path, object);
    return { ...object, metadata: { ...body['metadata'], resourceVersion: '999', managedFields: [] } };
  };
  const forget = (path: string): void => {
    const { metadata } = objects.get(path) as Json;
    objects.delete(path);
    server.delete(collection(path), metadata.name, metadata.namespace);
  };
  const set = (...documents: string[]): void => addResources(instance.mesh, parseResources(documents.join('\n---\n')).resources);
  const start = (revision = 'default', settings = ''): void => {
    const make = new Instruments();
    const tags = new RevisionTags({ client: server.client(), revision, namespace: 'istio-system' });
    tags.follow(stop.signal);
    duty = keepGateways(
      {
        mesh: instance.mesh,
        client: server.client(),
        tags,
        wanted,
        clusterId: 'Kubernetes',
        injection: { config: readInjectionConfig(settings, { revision }), onChange: () => () => undefined },
        metrics: gatewayInstruments(make),
        onProblems: (now) => (problems = now),
      },
      stop.signal,
    );
  };
  const until = async (claim: () => boolean): Promise<void> => {
    const end = Date.now() + 8000;
    while (!claim()) {
      if (Date.now() > end) throw new Error(`in vain: ${JSON.stringify({ writes, problems, kept: [...objects.keys()] })}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const quiet = async (): Promise<number> => {
    const before = writes.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return writes.length - before;
  };
  const ports = (): number[] => objects.get(`${SERVICES}/edge-istio`)?.['spec'].ports.map(({ port }: { port: number }) => port);

  test('GA-002: account, Deployment and Service are applied once, and again only when something differs', async () => {
    set(gateway());
    start();
    await until(() => writes.length === 3);
    expect(writes).toEqual([
      'PATCH /api/v1/namespaces/shop/serviceaccounts/edge-istio',
      `PATCH ${DEPLOYMENTS}/edge-istio`,
      `PATCH ${SERVICES}/edge-istio`,
    ]);
    expect(server.requests.find((one) => one.startsWith(`PATCH ${SERVICES}`))).toContain('fieldManager=istio.io%2Fgateway-controller&force=true');
    expect(objects.get(`${SERVICES}/edge-istio`)?.['metadata'].ownerReferences).toEqual([
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'edge', uid: 'uid-1' },
    ]);
    expect(await quiet()).toBe(0);
    set(gateway({ port: 8080 }));
    await until(() => ports()[1] === 8080);
    expect(writes.slice(3)).toEqual([`PATCH ${SERVICES}/edge-istio`]);
    expect(await quiet()).toBe(0);
  });

  test('GA-002: what somebody changes or deletes is put right', async () => {
    set(gateway());
    start();
    await until(() => writes.length === 3);
    const service = objects.get(`${SERVICES}/edge-istio`) as Json;
    keep(`${SERVICES}/edge-istio`, { ...service, spec: { ...service['spec'], type: 'ClusterIP' } });
    await until(() => objects.get(`${SERVICES}/edge-istio`)?.['spec'].type === 'LoadBalancer');
    forget(`${DEPLOYMENTS}/edge-istio`);
    await until(() => objects.has(`${DEPLOYMENTS}/edge-istio`));
    // What others add beside our fields is theirs.
    const again = objects.get(`${SERVICES}/edge-istio`) as Json;
    keep(`${SERVICES}/edge-istio`, { ...again, spec: { ...again['spec'], healthCheckNodePort: 30000 } });
    expect(await quiet()).toBe(0);
  });

  test('GA-002: an object that is not ours stays as it is, and that is told; an account of the user’s is used', async () => {
    objects.set(`${SERVICES}/edge-istio`, { metadata: { name: 'edge-istio', namespace: 'shop' } });
    objects.set('/api/v1/namespaces/shop/serviceaccounts/edge-istio', { metadata: { name: 'edge-istio', namespace: 'shop' } });
    set(gateway());
    start();
    await until(() => problems.length > 0);
    expect(problems[0]).toMatchObject({ severity: 'error', code: 'managed-gateway', resource: { kind: 'Gateway', namespace: 'shop', name: 'edge' } });
    expect(problems[0]?.message).toContain('Service shop/edge-istio exists and is not ours to change');
    expect(writes).toEqual([`PATCH ${DEPLOYMENTS}/edge-istio`]);
  });

  test('GA-002: two Gateways that want one name do not fight: the second is told', async () => {
    set(gateway({ annotations: { 'gateway.istio.io/name-override': 'front' } }));
    start();
    await until(() => writes.length === 3);
    set(gateway({ name: 'other', uid: 'uid-2', annotations: { 'gateway.istio.io/name-override': 'front' } }));
    await until(() => problems.length > 0);
    expect(problems[0]?.message).toContain('Deployment shop/front is of another Gateway already');
    expect(writes).toHaveLength(3);
  });

  test('GA-003: overlays come from the class and from the Gateway; what they no longer ask for goes', async () => {
    const map = (name: string, namespace: string, labels: object, data: object): string =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data });
    const named = gateway({ spec: { infrastructure: { parametersRef: { group: '', kind: 'ConfigMap', name: 'options' } } } });
    set(named, map('defaults', 'istio-system', { 'gateway.istio.io/defaults-for-class': 'istio' }, { service: 'spec: { type: NodePort }' }));
    start();
    await until(() => problems.length > 0);
    expect(problems[0]?.message).toContain('there is no ConfigMap shop/options');
    expect(writes).toEqual([]);
    set(map('options', 'shop', {}, { podDisruptionBudget: 'spec: { minAvailable: 1 }' }));
    await until(() => objects.has(`${BUDGETS}/edge-istio`));
    // Told at the end of the round.
    await until(() => problems.length === 0);
    expect(objects.get(`${SERVICES}/edge-istio`)?.['spec'].type).toBe('NodePort');
    set(map('options', 'shop', {}, { service: 'spec: { type: ClusterIP }' }));
    await until(() => !objects.has(`${BUDGETS}/edge-istio`));
    expect(objects.get(`${SERVICES}/edge-istio`)?.['spec'].type).toBe('ClusterIP');
  });

  test('ST-008: who comes to lead again works on', async () => {
    set(gateway());
    start();
    await until(() => writes.length === 3);
    stop.abort();
    await duty;
    set(gateway({ port: 8080 }));
    expect(await quiet()).toBe(0);
    stop = new AbortController();
    start();
    await until(() => ports()[1] === 8080);
  });

  test('GA-004: a name that changes makes new objects, and takes the old ones away', async () => {
    set(gateway());
    start();
    await until(() => writes.length === 3);
    set(gateway({ annotations: { 'gateway.istio.io/name-override': 'front' } }));
    await until(() => objects.has(`${SERVICES}/front`) && !objects.has(`${SERVICES}/edge-istio`) && !objects.has(`${DEPLOYMENTS}/edge-istio`));
  });

  test('GA-006: a Gateway of a newer controller is left to it, one of an older is taken', async () => {
    set(
      gateway({ annotations: { 'gateway.istio.io/controller-version': '6' } }),
      gateway({ name: 'odd', uid: 'uid-2', annotations: { 'gateway.istio.io/controller-version': 'six' } }),
      gateway({ name: 'old', uid: 'uid-3', annotations: { 'gateway.istio.io/controller-version': '1' } }),
    );
    start();
    await until(() => writes.length === 3);
    expect(writes.every((one) => one.endsWith('/old-istio'))).toBe(true);
    expect(await quiet()).toBe(0);
  });

  test('GA-005, GA-030: other classes, manual addresses, other revisions and Gateways that are being deleted are nobody of ours', async () => {
    const tag = { metadata: { labels: { 'istio.io/rev': 'canary', 'istio.io/tag': 'prod' } } };
    server.set('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', 'tag', tag, '');
    set(
      gateway({ name: 'foreign', labels: { 'istio.io/rev': 'canary' }, spec: { gatewayClassName: 'nginx' } }),
      gateway({ name: 'manual', labels: { 'istio.io/rev': 'canary' }, spec: { addresses: [{ type: 'Hostname', value: 'istio-ingressgateway' }] } }),
      gateway({ name: 'unlabelled', uid: 'uid-2' }),
      gateway({ name: 'ending', uid: 'uid-5', labels: { 'istio.io/rev': 'canary' }, deletionTimestamp: '2026-01-01T00:00:00Z' }),
      gateway({ name: 'mine', uid: 'uid-3', labels: { 'istio.io/rev': 'canary' } }),
      gateway({ name: 'tagged', uid: 'uid-4', labels: { 'istio.io/rev': 'prod' } }),
    );
    start('canary');
    await until(() => writes.length === 6);
    expect(await quiet()).toBe(0);
    expect([...new Set(writes.map((one) => one.split('/').at(-1)))].sort()).toEqual(['mine-istio', 'tagged-istio']);
  });

  test('GA-002: a write that fails is tried again later each time, and does not keep others waiting', async () => {
    fails = (path) => path.endsWith('/edge-istio');
    set(gateway(), gateway({ name: 'second', uid: 'uid-2' }));
    start();
    await until(() => objects.has(`${SERVICES}/second-istio`) && problems.length === 1);
    expect(problems[0]?.message).toContain('not now');
    expect(writes.filter((one) => one.endsWith('/edge-istio')).length).toBeLessThanOrEqual(2);
    fails = () => false;
    await until(() => objects.has(`${SERVICES}/edge-istio`) && problems.length === 0);
  });
});

async function bodyOf(request: IncomingMessage): Promise<Json> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString()) as Json;
}
