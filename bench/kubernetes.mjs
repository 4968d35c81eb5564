/**
 * The bench of the Kubernetes source: a real API server with 1000 services and 3000 pods, `mizzen serve --kubernetes` on it, one sidecar that asks for
 * everything. Prints the lines of a section of RESULTS.md. Started by `npm run bench -- --kubernetes`, with Node's flags for TypeScript: the API
 * server is the end-to-end tests'. Needs Go for its first build.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanup } from '../e2e/harness/cleanup.js';
import { startKubeApi } from '../e2e/harness/kube-apiserver.js';
import { applyDefinitions, istioDefinitions } from '../e2e/harness/kube-objects.js';
import { startMizzen } from '../e2e/harness/mizzen.js';
import { delta } from '../test/features/xds-client.js';

const SERVICES = 1000;
const PODS_EACH = 3;
const NAMESPACES = 10;
const NODES = 20;
const AT_ONCE = 24;
const EDITS = 30;
const TICKS = 100;
const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const ENDPOINTS = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

const namespaceOf = (service) => `ns-${service % NAMESPACES}`;
const ipOf = (service, pod) => `10.${32 + (service >> 8)}.${service & 255}.${pod + 1}`;

/** A pod as a cluster has it: two containers, probes, volumes, a status. */
function podOf(service, index) {
  const app = `svc-${service}`;
  const probe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 10 };
  const container = (name) => ({
    name,
    image: `registry.example/${name}:1.2.3`,
    env: [...Array(8).keys()].map((i) => ({ name: `SETTING_${i}`, value: `value of setting ${i}` })),
    ports: [{ name: 'http', containerPort: 8080 }],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-5d4f-${index}`,
      namespace: namespaceOf(service),
      labels: { app, version: 'v1', 'pod-template-hash': '5d4f', 'security.istio.io/tlsMode': 'istio' },
      annotations: { 'prometheus.io/scrape': 'true', 'example.com/checksum': 'f'.repeat(64) },
    },
    spec: {
      serviceAccountName: app,
      nodeName: `node-${(service + index) % NODES}`,
      containers: [{ ...container(app), readinessProbe: probe, livenessProbe: probe }, container('helper')],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  };
}
const statusOf = (service, index) => ({
  phase: 'Running',
  podIP: ipOf(service, index),
  podIPs: [{ ip: ipOf(service, index) }],
  startTime: '2026-01-01T00:00:00Z',
  conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' })),
});
const sliceOf = (service, pods) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `svc-${service}-x`, namespace: namespaceOf(service), labels: { 'kubernetes.io/service-name': `svc-${service}` } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: [...Array(pods).keys()].map((index) => ({
    addresses: [ipOf(service, index)],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${(service + index) % NODES}`,
    targetRef: { kind: 'Pod', name: `svc-${service}-5d4f-${index}`, namespace: namespaceOf(service) },
  })),
});

async function each(items, work) {
  const queue = [...items];
  await Promise.all(
    [...Array(AT_ONCE)].map(async () => {
      for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item);
    }),
  );
}

async function fill(client) {
  const post = (path, body) => client.write('POST', path, { body });
  for (let i = 0; i < NAMESPACES; i++) await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `ns-${i}` } });
  await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } });
  for (let i = 0; i < NODES; i++) {
    const labels = { 'topology.kubernetes.io/region': 'north', 'topology.kubernetes.io/zone': `north-${i % 3}` };
    await post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${i}`, labels } });
  }
  await each(Array(SERVICES).keys(), async (service) => {
    const at = `/api/v1/namespaces/${namespaceOf(service)}`;
    const spec = { selector: { app: `svc-${service}` }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
    await post(`${at}/services`, { apiVersion: 'v1', kind: 'Service', metadata: { name: `svc-${service}` }, spec });
    for (let index = 0; index < PODS_EACH; index++) {
      const pod = podOf(service, index);
      await post(`${at}/pods`, pod);
      const body = { status: statusOf(service, index) };
      await client.write('PATCH', `${at}/pods/${pod.metadata.name}/status`, { body, contentType: 'application/merge-patch+json' });
    }
    await post(`/apis/discovery.k8s.io/v1/namespaces/${namespaceOf(service)}/endpointslices`, sliceOf(service, PODS_EACH));
  });
}

/** CPU seconds and megabytes of a process, from /proc. */
function usage(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
    rss: Math.round(kilobytes('VmRSS') / 1024),
    peak: Math.round(kilobytes('VmHWM') / 1024),
  };
}

/** Asks for all clusters, then for all their load assignments; says when each was there. */
async function sidecar(port) {
  const stream = delta(port);
  const metadata = { NAMESPACE: 'ns-0', CLUSTER_ID: 'Kubernetes', LABELS: { app: 'client' } };
  const node = { id: 'sidecar~10.9.9.9~client.ns-0~ns-0.svc.cluster.local', cluster: 'client', metadata };
  stream.send({ node, typeUrl: CLUSTERS });
  const take = async () => {
    const response = await stream.next();
    stream.send({ typeUrl: response.typeUrl, responseNonce: response.nonce });
    return response;
  };
  const first = await take();
  const clustersAt = performance.now();
  const names = first.resources.map(({ name }) => name).filter((name) => name.startsWith('outbound|80||svc-'));
  stream.send({ typeUrl: ENDPOINTS, resourceNamesSubscribe: names });
  const held = new Set();
  while (held.size < names.length) for (const { name } of (await take()).resources) held.add(name);
  return { stream, take, clusters: names.length, clustersAt, endpointsAt: performance.now() };
}

/** From the request that writes a slice until the sidecar has its load assignment, sorted. */
async function editTimes(client, { take }) {
  const times = [];
  for (let edit = 0; edit < EDITS; edit++) {
    const service = edit * 7;
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespaceOf(service)}/endpointslices/svc-${service}-x`;
    const begun = performance.now();
    const { endpoints } = sliceOf(service, PODS_EACH - 1);
    const written = client.write('PATCH', path, { body: { endpoints }, contentType: 'application/merge-patch+json' });
    while (!(await take()).resources.some(({ name }) => name.includes(`||svc-${service}.`)));
    times.push(performance.now() - begun);
    await written;
  }
  return times.sort((a, b) => a - b);
}

const folder = mkdtempSync(join(tmpdir(), 'mizzen-bench-kube-'));
try {
  const api = await startKubeApi(join(folder, 'api'));
  await applyDefinitions(api.client, istioDefinitions());
  await fill(api.client);
  const begun = performance.now();
  const mizzen = await startMizzen({ dataDir: join(folder, 'data'), args: ['--kubernetes', '--kubeconfig', api.kubeconfig] });
  const readyMs = performance.now() - begun;
  // `process.pid` is the program itself: the harness starts it with the Node that it pins.
  const loaded = usage(mizzen.process.pid);
  const client = await sidecar(Number(mizzen.xds.split(':').at(-1)));
  const served = usage(mizzen.process.pid);
  const times = await editTimes(api.client, client);
  client.stream.stop();
  const ms = (value) => `${Math.round(value)} ms`;
  console.log(
    [
      '| | |',
      '| --- | --- |',
      `| from the start of the program until it is ready: ${SERVICES} services, ${SERVICES * PODS_EACH} pods and their slices listed | ${ms(readyMs)} |`,
      `| … until a sidecar has its ${client.clusters} clusters (the first push) | ${ms(client.clustersAt - begun)} |`,
      `| … and all load assignments | ${ms(client.endpointsAt - begun)} |`,
      `| CPU until ready, and with the sidecar served | ${loaded.cpu.toFixed(2)} s, ${served.cpu.toFixed(2)} s |`,
      `| memory when ready, with the sidecar served, at its peak | ${loaded.rss} MB, ${served.rss} MB, ${served.peak} MB |`,
      `| a slice is written, until the sidecar has it: first, median and last of ${EDITS} | ${ms(times[0])}, ${ms(times[EDITS >> 1])}, ${ms(times.at(-1))} |`,
    ].join('\n'),
  );
  await mizzen.stop();
} finally {
  await cleanup();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
