/**
 * Cases in the form of the conformance data, of what is at hand: the behaviour scenarios of e2e, and the random meshes of the fuzzer, which the
 * reference was not asked about when the conformance data were made.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import { mesh as randomMesh } from '../fuzz/mesh.mjs';
import { CASES } from './cluster-cases.mjs';
import { ENTRY_CASES } from './cluster-entry-cases.mjs';
import { TRAFFIC_CASES } from './cluster-traffic-cases.mjs';
import { withSlices } from './slices.mjs';
import { spoiledCases, withoutNewest } from './spoiled.mjs';
import { spread } from './spread.mjs';
import { upstreamCases } from './upstream.mjs';

const checkout = join(import.meta.dirname, '../..');
const PLAIN = { defaultProviders: { metrics: [], tracing: [], accessLogging: [] } };
const PODS = ['v1', 'v2', 'v3', 'client', 'other', 'gateway', 'outside'];
const addressOf = (name) => (PODS.includes(name) ? `10.2.${PODS.indexOf(name) + 1}.10` : `IP-${name}`);
const read = (file) =>
  readFileSync(join(checkout, file), 'utf8')
    .replace(/IP-([a-z0-9]+)/g, (_, name) => addressOf(name))
    .replace(/PEM-(key|crt|ca)-[a-z]+/g, 'QQ==')
    .replace(/TEXT-(key|crt|ca)-[a-z]+/g, '"x"')
    .replace(/FILE-(key|crt|ca|crl)-([a-z]+)/g, '/etc/$1-$2');
const documents = (file) => parseAllDocuments(read(file)).flatMap((document) => document.toJS() ?? []);
const keyOf = ({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`;

/** JSON, which is YAML of every version: the reference reads `y` and `on` as booleans where we write them bare. */
function write(folder, name, { resources, remote = {}, mesh, meshNetworks, proxies, mcs = [] }) {
  const at = join(folder, name);
  mkdirSync(join(at, 'clusters'), { recursive: true });
  for (const [file, held] of [['input', resources], ...Object.entries(remote).map(([cluster, own]) => [`clusters/${cluster}`, own])])
    writeFileSync(
      join(at, `${file}.yaml`),
      withSlices(held)
        .map((resource) => `${JSON.stringify(resource)}\n`)
        .join('---\n'),
    );
  const config = JSON.stringify({ ...mesh, ...PLAIN });
  const both = () => JSON.stringify({ kind: 'ConfigMap', data: { mesh: config, meshNetworks: JSON.stringify(meshNetworks) } });
  writeFileSync(join(at, 'mesh.yaml'), meshNetworks === undefined ? config : both());
  writeFileSync(join(at, 'proxies.yaml'), JSON.stringify(proxies));
  writeFileSync(join(at, 'mcs.json'), JSON.stringify(mcs));
}

const proxy = (name, namespace, account, labels, locality) => {
  const type = name === 'gateway' ? 'router' : 'sidecar';
  const LABELS = type === 'router' ? labels : { ...labels, 'security.istio.io/tlsMode': 'istio' };
  return {
    name,
    id: `${type}~${addressOf(name)}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, SERVICE_ACCOUNT: account, CLUSTER_ID: 'Kubernetes', ISTIO_VERSION: '1.29.0', LABELS },
    ...(locality && { locality }),
  };
};
const PROXIES = [
  proxy('v1', 'app', 'echo', { app: 'echo', version: 'v1' }, 'east/a'),
  proxy('client', 'app', 'client', { app: 'client' }, 'east/a'),
  proxy('other', 'other', 'other', { app: 'other' }),
  proxy('gateway', 'istio-system', 'gateway', { istio: 'ingressgateway' }),
];

/** Each scenario as it stands at its end. */
export function writeScenarios(folder) {
  const base = documents('e2e/testdata/scenarios.yaml');
  const mesh = {
    outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
    extensionProviders: [{ name: 'zipkin', zipkin: { service: 'zipkin.example.com', port: 9411 } }],
  };
  for (const file of readdirSync(join(checkout, 'e2e/scenarios')).filter((name) => name.endsWith('.yaml'))) {
    const scenario = parse(read(`e2e/scenarios/${file}`));
    let resources = [...base, ...(scenario.files ?? []).flatMap(documents), ...(scenario.mesh ?? [])];
    for (const { apply = [] } of scenario.steps) {
      const replaced = new Set(apply.map(keyOf));
      resources = [...resources.filter((resource) => !replaced.has(keyOf(resource))), ...apply];
    }
    write(folder, `scenario-${file.slice(0, -'.yaml'.length)}`, { resources, mesh, proxies: PROXIES });
  }
}

/**
 * What the reference's API does not have (curves of a Gateway's server), and what Envoy would refuse of its answers (docs/deviations.md: names of
 * clients where none is asked for a certificate, one host of a port by two spellings, redirects of hosts in a namespace).
 */
function forReference({ kind, apiVersion, metadata, spec }) {
  // Port 80 is the first, or names without a port are lost behind its HTTP proxy.
  if (kind === 'Service' || kind === 'ServiceEntry') {
    const isFirst = ({ port, number }) => Number((port ?? number) !== 80);
    spec.ports?.sort((a, b) => isFirst(a) - isFirst(b));
  }
  // Routes of a Gateway that is named twice are there twice.
  if (kind === 'VirtualService' && spec.gateways) {
    const full = spec.gateways.map((one) => (one === 'mesh' || one.includes('/') ? one : `${metadata.namespace}/${one}`));
    spec.gateways = spec.gateways.filter((_, n) => full.indexOf(full[n]) === n);
  }
  // Which of several addresses is a domain of its routes is chance there.
  if (kind === 'ServiceEntry' && spec.addresses) spec.addresses.length = 1;
  // The controller that allocates addresses does not run in it.
  if (kind === 'ServiceEntry') metadata.labels = { 'networking.istio.io/enable-autoallocate-ip': 'false' };
  if (kind !== 'Gateway' || !apiVersion.startsWith('networking.istio.io')) return;
  for (const server of spec.servers) {
    if (server.tls) {
      delete server.tls.ecdhCurves;
      if (server.tls.mode === 'SIMPLE') delete server.tls.subjectAltNames;
    }
    if (server.tls) server.hosts = [...new Set(server.hosts.map((host) => (host === 'app/*' ? '*' : host.replace('./', ''))))];
  }
}

/** The Service that the controller of Gateways makes for a Gateway, and a pod of it at the address of the random meshes' proxy. */
function deploymentOf({ kind, apiVersion, metadata: { name, namespace }, spec }) {
  if (kind !== 'Gateway' || !apiVersion.startsWith('gateway.') || spec.gatewayClassName !== 'istio') return [];
  const labels = { 'gateway.networking.k8s.io/gateway-name': name };
  const status = { phase: 'Running', podIP: '10.1.0.201', podIPs: [{ ip: '10.1.0.201' }], conditions: [{ type: 'Ready', status: 'True' }] };
  const ports = [...new Set([15_021, ...spec.listeners.map(({ port }) => port)])].map((port) => ({
    name: `p${port}`,
    port,
    protocol: 'TCP',
    targetPort: port,
  }));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}-istio`, namespace, labels },
    spec: { clusterIP: '10.96.9.8', selector: labels, ports },
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { serviceAccountName: 'sa', containers: [{ name: 'istio-proxy', image: 'none' }] },
    status,
  };
  return namespace === 'app' ? [service, pod] : [service];
}

/** What agents say of themselves, one of these in each random mesh. */
const SAID = [
  {},
  { ISTIO_VERSION: '1.31.0' },
  { ISTIO_VERSION: '1.26.0', IDLE_TIMEOUT: '7s' },
  { UNPRIVILEGED_POD: 'true' },
  { REQUESTED_NETWORK_VIEW: 'n1' },
  { PROXY_CONFIG: { concurrency: 2, proxyHeaders: { attemptCount: { disabled: true } }, tracing: { sampling: 7 } } },
  { HTTP10: '1', CLUSTER_ID: 'Kubernetes', MESH_ID: 'mesh-1' },
];

/** Two networks in one cluster: some pods are on `n1` and `n2`, and the gateway's Service leads into `n2`. */
function splitNetworks(resources) {
  for (const { kind, metadata, spec, ...rest } of resources) {
    if (kind === 'Pod' && metadata.name.startsWith('pod-')) {
      const network = ['n1', 'n2', undefined][Number(metadata.name.at(-1)) % 3];
      if (network) metadata.labels = { ...metadata.labels, 'topology.istio.io/network': network };
    }
    if (kind !== 'Service' || metadata.name !== 'ingress') continue;
    metadata.labels = { 'topology.istio.io/network': 'n2' };
    spec.type = 'LoadBalancer';
    spec.ports.push({ name: 'tls', port: 15_443, targetPort: 15_443 });
    Object.assign(
      resources.find((one) => one.metadata === metadata),
      rest,
      { status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } } },
    );
  }
}

/** Random meshes of one cluster, or of two, with what an API server fills in, and what its controllers do: slices name the pods of their addresses. */
export function writeRandom(folder, seed, count, several = false) {
  for (let n = seed; n < seed + count; n++) {
    const { resources, meshConfig, proxies } = structuredClone(fc.sample(randomMesh, { seed: n, numRuns: 1 })[0]);
    // Newer than the reference's version.
    delete meshConfig?.defaultInboundHttpRetryPolicy;
    // Providers of services that are not there are left out here, and sent there.
    for (const provider of meshConfig?.extensionProviders ?? [])
      for (const settings of Object.values(provider))
        if (settings.service) Object.assign(settings, { service: 'ingress.istio-system.svc.cluster.local', port: 80 });
    const podAt = new Map(resources.filter(({ kind }) => kind === 'Pod').map(({ metadata, status }) => [status.podIP, metadata]));
    resources.push(...resources.flatMap(deploymentOf));
    if (n % 3 === 0 && !several) splitNetworks(resources);
    for (const resource of resources) {
      const { kind, spec, endpoints } = resource;
      forReference(resource);
      for (const one of endpoints ?? []) {
        const { name, namespace } = podAt.get(one.addresses[0]) ?? {};
        if (name) one.targetRef = { kind: 'Pod', name, namespace };
        one.conditions = { serving: one.conditions.ready, terminating: false, ...one.conditions };
      }
      if (kind === 'Pod') spec.serviceAccountName ??= 'default';
      if (kind === 'Service' && spec.type !== 'ExternalName')
        for (const port of spec.ports ?? []) {
          port.targetPort ??= port.port;
          port.protocol ??= 'TCP';
        }
    }
    const own = Object.entries(proxies).filter(([, { id, metadata }]) => /^(sidecar|router)~/.test(id) && metadata.CLUSTER_ID === 'Kubernetes');
    const made = {
      resources,
      mesh: meshConfig ?? {},
      proxies: own.map(([name, { id, metadata, locality = {} }]) => ({
        name,
        id,
        metadata: { ISTIO_VERSION: '1.29.0', ...metadata, ...SAID[n % SAID.length] },
        locality: [locality.region, locality.zone, locality.subZone].filter(Boolean).join('/'),
      })),
    };
    write(folder, `${several ? 'clusters-' : ''}random-${n}`, several ? spread(made, n) : made);
  }
}

/** Meshes of several clusters and networks. */
export function writeClusters(folder) {
  for (const [name, make] of Object.entries({ ...CASES, ...TRAFFIC_CASES, ...ENTRY_CASES })) {
    const { clusters, ...rest } = make();
    const [own, ...others] = clusters;
    const remote = Object.fromEntries(others.map((one) => [one.name, one.resources]));
    // The controller that allocates addresses does not run in the reference.
    for (const { kind, metadata } of own.resources)
      if (kind === 'ServiceEntry') metadata.labels = { 'networking.istio.io/enable-autoallocate-ip': 'false' };
    write(folder, `clusters-${name}`, { ...rest, resources: own.resources, remote });
  }
}

/** What the reference is tested with itself; `module` is a copy of its module. */
export function writeUpstream(folder, module) {
  for (const { name, ...one } of upstreamCases(module)) write(folder, name, one);
}

/** Conformance cases with one field changed (spoiled.mjs): the `part`th of `parts` equal shares of them. */
export function writeSpoiled(folder, { part, parts, ...from }) {
  let n = 0;
  for (const { name, what, resources, mesh, proxies } of spoiledCases(from)) {
    if (n++ % parts !== part - 1) continue;
    const at = join(folder, name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'what.txt'), what);
    writeFileSync(join(at, 'input.yaml'), resources.map((resource) => JSON.stringify(resource)).join('\n---\n'));
    writeFileSync(join(at, 'mesh.yaml'), JSON.stringify(mesh));
    writeFileSync(join(at, 'proxies.yaml'), JSON.stringify(proxies));
  }
}

/** The settings of meshes that golden inputs and the fuzzer have. */
export function meshConfigs() {
  const inputs = readdirSync(join(checkout, 'src'), { recursive: true }).filter((file) => file.endsWith('.in.yaml'));
  const random = fc.sample(randomMesh, { seed: 1, numRuns: 60 }).map(({ meshConfig }) => meshConfig);
  return [...inputs.sort().map((file) => documents(`src/${file}`)[0]?.mesh), ...random].filter(Boolean).map(withoutNewest);
}
