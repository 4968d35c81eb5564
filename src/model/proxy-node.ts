/**
 * Node id and metadata → Proxy (XD-018, envoy-shapes §14). Everything a peer sends is checked here; nothing is trusted for identity.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/base.proto#config-core-v3-node
 */
import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { certificateSource } from './certificate-source.js';
import type { InterceptionMode, IpMode, IstioFilter, KeyProviderName, Proxy, ProxyType, StatsLogger } from './proxy.js';
import type { Locality } from './service.js';
import { NETWORK, NO_LOCALITY } from './workload.js';

/** What is known of a node: from an xDS request or from a proxies file. */
export interface NodeDescription {
  readonly id: string;
  readonly cluster?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Set where the client's transport and version take virtual hosts one by one, see {@link Proxy.vhdsThreshold}. */
  readonly vhdsThreshold?: number;
  /** What the client can make statistics with, see {@link Proxy.statsLogger}. */
  readonly statsLogger?: StatsLogger;
  /** What it was built with. */
  readonly extensions?: readonly { readonly name: string; readonly disabled?: boolean }[];
  /** As in an Envoy node, or as text: `region/zone/subzone`. */
  readonly locality?: string | { readonly region?: string; readonly zone?: string; readonly subZone?: string; readonly subzone?: string };
}

/** A node that cannot be a proxy of this mesh: the message says which part of the id or metadata is wrong. */
export class NodeError extends Error {}

const TYPES: readonly string[] = ['sidecar', 'router', 'waypoint'] satisfies ProxyType[];

/** Parses a node; `identity` is the SPIFFE id that its peer proved. @throws {NodeError} */
export function parseNode(node: NodeDescription, identity = ''): Proxy {
  const parts = node.id.split('~');
  if (parts.length !== 4) throw new NodeError(`node id ${JSON.stringify(node.id)} must have the form type~ip~name.namespace~domain`);
  const [type, ip, qualifiedName, dnsDomain] = parts as [string, string, string, string];
  if (!TYPES.includes(type)) throw new NodeError(`node id ${JSON.stringify(node.id)}: type must be one of ${TYPES.join(', ')}`);
  const metadata = node.metadata ?? {};
  const addresses = instanceAddresses(metadata, ip);
  if (addresses.length === 0) throw new NodeError(`node id ${JSON.stringify(node.id)}: no valid IP address in the id or in metadata INSTANCE_IPS`);
  const dot = qualifiedName.lastIndexOf('.');
  const namespace = text(metadata, 'NAMESPACE') ?? (dot < 0 ? '' : qualifiedName.slice(dot + 1));
  const labels = stringMap(metadata['LABELS']);
  const istioVersion = text(metadata, 'ISTIO_VERSION');
  const podName = dot < 0 ? qualifiedName : qualifiedName.slice(0, dot);
  // Such a client takes its certificates from files: none need be made for it here.
  const isGrpc = type === 'sidecar' && text(metadata, 'GENERATOR') === 'grpc';
  const proxy: Omit<Proxy, 'key'> = {
    id: node.id,
    type: type as ProxyType,
    ...(isGrpc && { generator: 'grpc' as const }),
    name: podName,
    namespace,
    ipAddresses: addresses,
    dnsDomain,
    ipMode: ipModeOf(addresses, istioVersion === undefined || wantsDualStack(metadata)),
    labels,
    clusterId: text(metadata, 'CLUSTER_ID') ?? '',
    network: text(metadata, 'NETWORK') ?? labels[NETWORK] ?? '',
    ...networkView(metadata),
    ...(node.cluster !== undefined && { serviceCluster: node.cluster || openTelemetryServiceName({ name: podName, labels, metadata }) }),
    serviceAccount: text(metadata, 'SERVICE_ACCOUNT') ?? '',
    identity,
    nodeName: text(metadata, 'NODE_NAME') ?? '',
    locality: localityOf(node.locality, labels),
    interceptionMode: interceptionOf(metadata),
    certificates: certificateSource(metadata, istioVersion === undefined && !isGrpc),
    ...(istioVersion !== undefined && { istioVersion }),
    http10: isOn(metadata, 'HTTP10'),
    httpProxyPort: portOf(text(metadata, 'HTTP_PROXY_PORT')),
    unprivilegedPod: isOn(metadata, 'UNPRIVILEGED_POD'),
    // With an agent everything is as in the reference, which has no such thing.
    ...(node.vhdsThreshold !== undefined && type === 'sidecar' && !isGrpc && istioVersion === undefined && { vhdsThreshold: node.vhdsThreshold }),
    ...(node.statsLogger !== undefined && !isGrpc && istioVersion === undefined && { statsLogger: node.statsLogger }),
    ...istioFilters(node.extensions ?? []),
    ...keyProviders(node.extensions ?? []),
    dnsCapture: isOn(metadata, 'DNS_CAPTURE'),
    dnsAutoAllocate: isOn(metadata, 'DNS_AUTO_ALLOCATE'),
    ...(text(metadata, 'IDLE_TIMEOUT') !== undefined && { idleTimeout: text(metadata, 'IDLE_TIMEOUT') as string }),
    metadata,
  };
  return Object.freeze({ ...proxy, key: hash('sha1', JSON.stringify(proxy), 'base64url').slice(0, 16) });
}

/** By the names under which istio-proxy registers them. */
const ISTIO_FILTERS: ReadonlyMap<string, IstioFilter> = new Map([
  ['istio.alpn', 'alpn'],
  ['envoy.filters.http.peer_metadata', 'peer_metadata'],
  ['envoy.filters.network.metadata_exchange', 'tcp_exchange'],
]);

/** Of the few hundred extensions that a node lists only these are kept: proxies of all versions share what they are served. */
function istioFilters(extensions: NonNullable<NodeDescription['extensions']>): Pick<Proxy, 'istioFilters'> {
  const found = extensions.flatMap(({ name, disabled }) => (disabled === true ? [] : (ISTIO_FILTERS.get(name) ?? [])));
  return found.length === 0 ? {} : { istioFilters: [...new Set(found)].sort() };
}

const KEY_PROVIDERS: readonly string[] = ['cryptomb', 'qat'] satisfies KeyProviderName[];

function keyProviders(extensions: NonNullable<NodeDescription['extensions']>): Pick<Proxy, 'keyProviders'> {
  const found = KEY_PROVIDERS.filter((known) => extensions.some(({ name, disabled }) => name === known && disabled !== true));
  return found.length === 0 ? {} : { keyProviders: found as KeyProviderName[] };
}

/** A scalar of the metadata as text; structs and lists give undefined. */
function text(metadata: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = metadata[key];
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Whether a flag of the metadata is set. */
export const isOn = (metadata: Readonly<Record<string, unknown>>, key: string): boolean =>
  ['1', 'true'].includes((text(metadata, key) ?? '').toLowerCase());

/** A port number; 0 for none and for what is none. */
function portOf(value: string | undefined): number {
  const port = Number(value ?? 0);
  return Number.isInteger(port) && port > 0 && port <= 65535 ? port : 0;
}

function stringMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** A list of networks, as a list or with commas. */
function networkView(metadata: Readonly<Record<string, unknown>>): Pick<Proxy, 'networkView'> {
  const value = metadata['REQUESTED_NETWORK_VIEW'];
  const names: readonly unknown[] = Array.isArray(value) ? value : (text(metadata, 'REQUESTED_NETWORK_VIEW') ?? '').split(',');
  const networks = names.flatMap((name) => (typeof name === 'string' && name.trim() !== '' ? [name.trim()] : []));
  return networks.length === 0 ? {} : { networkView: [...new Set(networks)].sort() };
}

/** The id's address first, then the others of INSTANCE_IPS in their order. */
function instanceAddresses(metadata: Readonly<Record<string, unknown>>, ip: string): readonly string[] {
  const listed = (text(metadata, 'INSTANCE_IPS') ?? '').split(',').map((address) => address.trim());
  return [...new Set([ip, ...listed])].filter((address) => isIP(address) !== 0);
}

function ipModeOf(addresses: readonly string[], listensOnBoth: boolean): IpMode {
  const families = new Set(addresses.map(isIP));
  if (families.size === 2) return listensOnBoth ? 'dual' : 'dual-v4';
  return families.has(6) ? 'ipv6' : 'ipv4';
}

/** Istio's agent leads IPv6 traffic to the proxy only when it is told to. https://istio.io/latest/docs/setup/additional-setup/dual-stack/ */
function wantsDualStack(metadata: Readonly<Record<string, unknown>>): boolean {
  const config = metadata['PROXY_CONFIG'];
  const environment = typeof config === 'object' && config !== null ? (config as Record<string, unknown>)['proxyMetadata'] : undefined;
  return stringMap(environment)['ISTIO_DUAL_STACK'] === 'true';
}

function localityOf(given: NodeDescription['locality'], labels: Readonly<Record<string, string>>): Locality {
  const {
    region = '',
    zone = '',
    subzone = '',
  } = typeof given === 'string' ? fromText(given) : { ...given, subzone: given?.subZone ?? given?.subzone };
  if (region !== '' || zone !== '' || subzone !== '') return { region, zone, subzone };
  const fromLabels = {
    region: labels['topology.kubernetes.io/region'] ?? '',
    zone: labels['topology.kubernetes.io/zone'] ?? '',
    subzone: labels['topology.istio.io/subzone'] ?? '',
  };
  return fromLabels.region === '' ? NO_LOCALITY : fromLabels;
}

function fromText(locality: string): Partial<Locality> {
  const [region = '', zone = '', subzone = ''] = locality.split('/');
  return { region, zone, subzone };
}

function interceptionOf(metadata: Readonly<Record<string, unknown>>): InterceptionMode {
  const mode = text(metadata, 'INTERCEPTION_MODE');
  return mode === 'NONE' || mode === 'TPROXY' ? mode : 'REDIRECT';
}

/**
 * The name of a workload's service by OpenTelemetry's conventions: what its owner says, else what the deployment is called, else the pod.
 * https://opentelemetry.io/docs/specs/semconv/non-normative/k8s-attributes/#service-attributes
 */
export function openTelemetryServiceName({ name, labels, metadata }: Pick<Proxy, 'name' | 'labels' | 'metadata'>): string {
  const names = [
    stringMap(metadata['ANNOTATIONS'])['resource.opentelemetry.io/service.name'],
    labels['app.kubernetes.io/instance'],
    labels['app.kubernetes.io/name'],
    text(metadata, 'WORKLOAD_NAME'),
    name,
  ];
  return names.find((found) => found !== undefined && found !== '') ?? 'unknown_service';
}
