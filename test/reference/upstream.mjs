/**
 * Cases made of what the reference is tested with itself: the YAML of its test data and samples, and what stands between backticks in its Go tests
 * (without templates). What such an input takes for granted is put beside it: services that routes name, pods, gateways' Services, and proxies.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const FOLDERS = [
  'pilot/pkg/config/kube/gateway/testdata',
  'pilot/pkg/config/kube/ingress/testdata',
  'pilot/pkg/security/authz/builder/testdata',
  'pilot/pkg/xds/testdata',
  'pkg/config/analysis/analyzers/testdata',
  'pkg/config/validation/testdata',
  'samples',
  'tests',
];
const GO_FOLDERS = ['pilot', 'pkg', 'tests'];
const API = /^(v1|discovery\.k8s\.io\/.*|networking\.k8s\.io\/.*|(networking|security|telemetry|extensions)\.istio\.io\/.*|gateway\.networking\..*)$/;
const CORE = ['Service', 'EndpointSlice', 'Namespace', 'Node', 'Secret', 'Ingress', 'IngressClass'];
const CLUSTERED = ['Namespace', 'Node', 'GatewayClass', 'IngressClass'];
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const MESH_MTLS = { 'security.istio.io/tlsMode': 'istio' };
const isObject = (value) => typeof value === 'object' && value !== null;
const filesUnder = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(ending))
    .sort();
const slug = (text) => text.replace(/[^a-zA-Z0-9]+/g, '-').toLowerCase();

/** [name, YAML] of all inputs in a copy of the reference's module. */
function* inputsOf(module) {
  for (const folder of FOLDERS)
    for (const file of filesUnder(join(module, folder), '.yaml'))
      if (!/golden|addons|benchmark/.test(file)) yield [slug(`${folder}/${file}`), readFileSync(join(module, folder, file), 'utf8')];
  for (const folder of GO_FOLDERS)
    for (const file of filesUnder(join(module, folder), '.go')) {
      const found = readFileSync(join(module, folder, file), 'utf8').matchAll(/`([^`]*apiVersion:[^`]*)`/g);
      for (const [n, [, text]] of [...found].entries())
        yield [slug(`${folder}/${file}-${n + 1}`), text.replace(/^\t+/gm, (tabs) => '  '.repeat(tabs.length))];
    }
}

function resourcesOf(text) {
  const found = new Map();
  for (const document of parseAllDocuments(text)) {
    if (document.errors.length > 0) continue;
    const value = document.toJS();
    for (const one of value?.kind === 'List' ? (value.items ?? []) : [value]) {
      const isKnown = API.test(one?.apiVersion) && (one.apiVersion !== 'v1' || CORE.includes(one.kind));
      if (!isKnown || typeof one.metadata?.name !== 'string') continue;
      if (!CLUSTERED.includes(one.kind)) one.metadata.namespace ??= 'default';
      found.set(`${one.kind}/${one.metadata.namespace}/${one.metadata.name}`, one);
    }
  }
  return [...found.values()];
}

/** What is put beside an input: resources, and proxies that see them. */
class Surroundings {
  resources = [];
  proxies = [];
  #addresses = 0;
  #services = 0;

  pod(namespace, name, labels, serviceAccountName = 'default') {
    const ip = `10.30.${++this.#addresses >> 8}.${this.#addresses & 255}`;
    const spec = { serviceAccountName, containers: [{ name: 'app', image: 'none' }] };
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] };
    this.resources.push({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec, status });
    return ip;
  }

  clusterIP() {
    return `10.96.9.${++this.#services}`;
  }

  service(namespace, name, selector, ports) {
    const spec = { type: 'ClusterIP', clusterIP: this.clusterIP(), selector, ports };
    this.resources.push({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec });
  }

  /** A pod with a proxy. */
  proxy(type, namespace, name, labels, account = 'default') {
    const ip = this.pod(namespace, name, labels, account);
    const id = `${type}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`;
    const about = { NAMESPACE: namespace, NAME: name, SERVICE_ACCOUNT: account, CLUSTER_ID: 'Kubernetes', ISTIO_VERSION: '1.29.0' };
    this.proxies.push({ name, id, metadata: { ...about, INSTANCE_IPS: ip, LABELS: labels } });
  }
}

/** `namespace/name` → ports of the services that the resources name. */
function namedServices(resources) {
  const found = new Map();
  const add = (namespace, name, port) => {
    if (!LABEL.test(name) || !LABEL.test(namespace)) return;
    const key = `${namespace}/${name}`;
    const ports = found.get(key) ?? new Set([80]);
    if (Number.isInteger(port) && port > 0 && port < 65_536) ports.add(port);
    found.set(key, ports);
  };
  const host = (text, namespace, port) => {
    const [name, second = namespace, ...rest] = text.split('.');
    if (rest.length === 0 ? !['com', 'org', 'io', 'local'].includes(second) : rest.join('.') === 'svc.cluster.local') add(second, name, port);
  };
  const visit = (value, namespace) => {
    if (Array.isArray(value)) for (const item of value) visit(item, namespace);
    if (!isObject(value) || Array.isArray(value)) return;
    if (typeof value.host === 'string') host(value.host, namespace, value.port?.number);
    for (const ref of [...(Array.isArray(value.backendRefs) ? value.backendRefs : []), value.backendRef])
      if (isObject(ref) && (ref.kind ?? 'Service') === 'Service') add(ref.namespace ?? namespace, String(ref.name), ref.port);
    if (isObject(value.backend?.service)) add(namespace, value.backend.service.name, value.backend.service.port?.number);
    for (const item of Object.values(value)) visit(item, namespace);
  };
  for (const { kind, metadata, spec } of resources) {
    if (kind === 'Service') continue;
    if (kind === 'VirtualService') for (const name of spec?.hosts ?? []) if (typeof name === 'string') host(name, metadata.namespace);
    visit(spec, metadata.namespace);
  }
  return found;
}

const protocolName = (port) => `${[443, 8443].includes(port) ? 'https' : [3306, 9000].includes(port) ? 'tcp' : 'http'}-${port}`;
const plainPorts = (ports, target = (port) => port) =>
  [...new Set(ports)].filter(Number.isInteger).map((port) => ({ name: `p-${port}`, port, targetPort: target(port), protocol: 'TCP' }));
const isIstio = ({ apiVersion }) => apiVersion.includes('istio.io');
const unprivileged = (port) => (port < 1024 ? port + 8000 : port);

function addServices(around, resources) {
  const own = resources.filter(({ kind }) => kind === 'Service');
  const isOwn = (key) => own.some(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key);
  for (const [key, ports] of namedServices(resources)) {
    if (isOwn(key)) continue;
    const [namespace, name] = key.split('/');
    const labels = { app: name, version: 'v1', ...MESH_MTLS };
    if (around.proxies.length < 2) around.proxy('sidecar', namespace, `${name}-v1`, labels);
    else around.pod(namespace, `${name}-v1`, labels);
    around.pod(namespace, `${name}-v2`, { app: name, version: 'v2' });
    const all = [...ports].map((port) => ({ name: protocolName(port), port, targetPort: port, protocol: 'TCP' }));
    around.service(namespace, name, { app: name }, all);
  }
  for (const { metadata, spec = {} } of own) {
    if (spec.type === 'ExternalName') continue;
    spec.clusterIP ??= around.clusterIP();
    for (const port of spec.ports ?? []) Object.assign(port, { targetPort: port.targetPort ?? port.port, protocol: port.protocol ?? 'TCP' });
    if (Object.keys(spec.selector ?? {}).length === 0 || around.proxies.length >= 4) continue;
    const isGateway = spec.ports?.some(({ port }) => port === 15_443 || port === 15_021);
    around.proxy(isGateway ? 'router' : 'sidecar', metadata.namespace, `${metadata.name}-pod`, { ...spec.selector, ...MESH_MTLS });
  }
}

function addGateways(around, resources) {
  const gateways = resources.filter(({ kind }) => kind === 'Gateway');
  const selectorOf = ({ spec }) => JSON.stringify(spec?.selector ?? {});
  const bySelector = Map.groupBy(gateways.filter(isIstio), selectorOf);
  for (const [n, [text, group]] of [...bySelector].slice(0, 4).entries()) {
    const labels = JSON.parse(text);
    if (!Object.values(labels).every((value) => typeof value === 'string')) continue;
    const namespace = 'istio' in labels ? 'istio-system' : group[0].metadata.namespace;
    const ports = plainPorts(
      group.flatMap(({ spec }) => (spec?.servers ?? []).map(({ port }) => port?.number)),
      unprivileged,
    );
    around.proxy('router', namespace, `gw${n + 1}`, labels);
    if (Object.keys(labels).length > 0 && ports.length > 0) around.service(namespace, `gw${n + 1}`, labels, ports);
  }
  const sets = resources.filter(({ kind }) => kind.endsWith('ListenerSet'));
  for (const { metadata, spec } of gateways.filter((one) => !isIstio(one)).slice(0, 4 - Math.min(4, bySelector.size))) {
    const name = `${metadata.name}-istio`;
    const ports = plainPorts([...(spec?.listeners ?? []), ...sets.flatMap((set) => set.spec?.listeners ?? [])].map(({ port }) => port));
    if (ports.length === 0 || name.length > 59) continue;
    const labels = { 'gateway.networking.k8s.io/gateway-name': metadata.name, 'istio.io/gateway-name': metadata.name };
    around.proxy('router', metadata.namespace, name, labels, name);
    around.service(metadata.namespace, name, { 'gateway.networking.k8s.io/gateway-name': metadata.name }, ports);
  }
  const needsIngress = JSON.stringify(resources).includes('istio-ingressgateway.istio-system') || resources.some(({ kind }) => kind === 'Ingress');
  const labels = { istio: 'ingressgateway' };
  if (!needsIngress || around.proxies.some(({ metadata }) => metadata.LABELS.istio === 'ingressgateway')) return;
  around.proxy('router', 'istio-system', 'ingress', labels);
  if (!resources.some(({ kind, metadata }) => kind === 'Service' && metadata.name === 'istio-ingressgateway'))
    around.service('istio-system', 'istio-ingressgateway', labels, plainPorts([80, 443, 8080, 15_443, 34_000]));
}

/** Proxies that the resources' selectors choose, as far as there are none yet. */
function addSelected(around, resources) {
  for (const { kind, metadata, spec } of resources) {
    const labels = spec?.selector?.matchLabels ?? spec?.workloadSelector?.labels;
    if (kind === 'ServiceEntry' || labels === undefined || around.proxies.length >= 7) continue;
    const isThere = around.proxies.some(({ metadata: one }) => Object.entries(labels).every(([key, value]) => one.LABELS[key] === value));
    if (!isThere && Object.values(labels).every((value) => typeof value === 'string'))
      around.proxy('sidecar', metadata.namespace, `sel-${around.proxies.length}`, { ...labels, ...MESH_MTLS });
  }
}

/** All cases of a copy of the reference's module: `{ name, resources, mesh, proxies }`. */
export function* upstreamCases(module) {
  for (const [name, text] of inputsOf(module)) {
    if (text.includes('{{')) continue;
    const resources = resourcesOf(text);
    if (!resources.some(({ apiVersion }) => /istio|gateway\.net|networking\.k8s/.test(apiVersion))) continue;
    const around = new Surroundings();
    addServices(around, resources);
    addGateways(around, resources);
    const namespace = resources.map(({ metadata }) => metadata.namespace).find((one) => one !== undefined && one !== 'istio-system') ?? 'default';
    around.proxy('sidecar', namespace, 'client', { app: 'client', ...MESH_MTLS });
    addSelected(around, resources);
    const all = [...around.resources, ...resources];
    const has = (kind, wanted) => resources.some((one) => one.kind === kind && one.metadata.name === wanted);
    const namespaces = new Set(['istio-system', ...all.flatMap(({ metadata }) => metadata.namespace ?? [])]);
    const missing = [...namespaces]
      .filter((one) => !has('Namespace', one))
      .map((one) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: one } }));
    if (resources.some(({ apiVersion }) => apiVersion.startsWith('gateway.')) && !has('GatewayClass', 'istio')) {
      const spec = { controllerName: 'istio.io/gateway-controller' };
      missing.push({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'istio' }, spec });
    }
    yield { name: name.slice(0, 110), resources: [...missing, ...all], mesh: {}, proxies: around.proxies };
  }
}
