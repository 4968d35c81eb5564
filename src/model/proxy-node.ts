/**
 * Node id and metadata → Proxy (XD-018, envoy-shapes §14). Everything a peer sends is checked here; nothing is trusted for identity.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/base.proto#config-core-v3-node
 */
import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import type { InterceptionMode, IpMode, Proxy, ProxyType } from './proxy.js';
import type { Locality } from './service.js';
import { NETWORK, NO_LOCALITY } from './workload.js';

/** What is known of a node: from an xDS request or from a proxies file. */
export interface NodeDescription {
  readonly id: string;
  readonly cluster?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Set where the client's transport and version take virtual hosts one by one, see {@link Proxy.vhdsThreshold}. */
  readonly vhdsThreshold?: number;
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
    ipMode: ipModeOf(addresses),
    labels,
    clusterId: text(metadata, 'CLUSTER_ID') ?? '',
    network: text(metadata, 'NETWORK') ?? labels[NETWORK] ?? '',
    ...(node.cluster !== undefined && { serviceCluster: node.cluster || openTelemetryServiceName({ name: podName, labels, metadata }) }),
    serviceAccount: text(metadata, 'SERVICE_ACCOUNT') ?? '',
    identity,
    nodeName: text(metadata, 'NODE_NAME') ?? '',
    locality: localityOf(node.locality, labels),
    interceptionMode: interceptionOf(metadata),
    certificates: text(metadata, 'MIZZEN_CERTIFICATES') === 'ads' || (istioVersion === undefined && !isGrpc) ? 'ads' : 'agent',
    ...(istioVersion !== undefined && { istioVersion }),
    http10: isOn(metadata, 'HTTP10'),
    httpProxyPort: Number(text(metadata, 'HTTP_PROXY_PORT') ?? 0) || 0,
    unprivilegedPod: isOn(metadata, 'UNPRIVILEGED_POD'),
    // With an agent everything is as in the reference, which has no such thing.
    ...(node.vhdsThreshold !== undefined && type === 'sidecar' && !isGrpc && istioVersion === undefined && { vhdsThreshold: node.vhdsThreshold }),
    dnsCapture: isOn(metadata, 'DNS_CAPTURE'),
    dnsAutoAllocate: isOn(metadata, 'DNS_AUTO_ALLOCATE'),
    ...(text(metadata, 'IDLE_TIMEOUT') !== undefined && { idleTimeout: text(metadata, 'IDLE_TIMEOUT') as string }),
    metadata,
  };
  return Object.freeze({ ...proxy, key: hash('sha1', JSON.stringify(proxy), 'base64url').slice(0, 16) });
}

/** A scalar of the metadata as text; structs and lists give undefined. */
function text(metadata: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = metadata[key];
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

const isOn = (metadata: Readonly<Record<string, unknown>>, key: string): boolean => ['1', 'true'].includes((text(metadata, key) ?? '').toLowerCase());

function stringMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The id's address first, then the others of INSTANCE_IPS in their order. */
function instanceAddresses(metadata: Readonly<Record<string, unknown>>, ip: string): readonly string[] {
  const listed = (text(metadata, 'INSTANCE_IPS') ?? '').split(',').map((address) => address.trim());
  return [...new Set([ip, ...listed])].filter((address) => isIP(address) !== 0);
}

function ipModeOf(addresses: readonly string[]): IpMode {
  const families = new Set(addresses.map(isIP));
  return families.size === 2 ? 'dual' : families.has(6) ? 'ipv6' : 'ipv4';
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
