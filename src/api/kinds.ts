/**
 * THE table of kinds: what each is called in YAML and over HTTP, where it lives, and which collection holds its rows.
 * Sources, conversion and validation look kinds up here and nowhere else.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import type { EnvoyFilter, MeshConfigRow, MeshNetworksRow, ProxyConfigResource, TrafficExtension, WasmPlugin } from './extensions.js';
import type * as gw from './gateway-api.js';
import type * as istio from './istio.js';
import type * as k8s from './kubernetes.js';
import type * as mcs from './multi-cluster.js';
import type { Resource } from './resource.js';

/** Row kind → row type. */
export interface KindTypes {
  VirtualService: istio.VirtualService;
  DestinationRule: istio.DestinationRule;
  Gateway: istio.Gateway;
  ServiceEntry: istio.ServiceEntry;
  Sidecar: istio.Sidecar;
  WorkloadEntry: istio.WorkloadEntry;
  WorkloadGroup: istio.WorkloadGroup;
  EnvoyFilter: EnvoyFilter;
  ProxyConfig: ProxyConfigResource;
  PeerAuthentication: istio.PeerAuthentication;
  RequestAuthentication: istio.RequestAuthentication;
  AuthorizationPolicy: istio.AuthorizationPolicy;
  Telemetry: istio.Telemetry;
  WasmPlugin: WasmPlugin;
  TrafficExtension: TrafficExtension;
  GatewayClass: gw.GatewayClass;
  K8sGateway: gw.K8sGateway;
  HTTPRoute: gw.HTTPRoute;
  GRPCRoute: gw.GRPCRoute;
  TLSRoute: gw.TLSRoute;
  TCPRoute: gw.TCPRoute;
  UDPRoute: gw.UDPRoute;
  ReferenceGrant: gw.ReferenceGrant;
  BackendTLSPolicy: gw.BackendTLSPolicy;
  ListenerSet: gw.ListenerSet;
  XBackendTrafficPolicy: gw.XBackendTrafficPolicy;
  Namespace: k8s.Namespace;
  Node: k8s.Node;
  Pod: k8s.Pod;
  Service: k8s.Service;
  EndpointSlice: k8s.EndpointSlice;
  Secret: k8s.Secret;
  ConfigMap: k8s.ConfigMap;
  ServiceAccount: k8s.ServiceAccount;
  Ingress: k8s.Ingress;
  ServiceExport: mcs.ServiceExport;
  ServiceImport: mcs.ServiceImport;
  IngressClass: Resource<'IngressClass', Record<string, unknown>>;
  MeshConfig: MeshConfigRow;
  MeshNetworks: MeshNetworksRow;
}

/** The kind of a row; equals the YAML kind except for Gateway API's Gateway (`K8sGateway`). */
export type Kind = keyof KindTypes;
/** Any row of any kind. */
export type AnyRow = KindTypes[Kind];

/** One line of the table. */
export interface KindInfo {
  readonly kind: Kind;
  /** `kind:` as YAML has it. */
  readonly yamlKind: string;
  /** '' for Kubernetes' core group. */
  readonly group: string;
  /** Versions that are read, newest first. */
  readonly versions: readonly string[];
  readonly plural: string;
  readonly namespaced: boolean;
  /** Where the row's `spec` is in the YAML: under `spec`, or everything beside the header fields. */
  readonly body: 'spec' | 'whole';
  /** The collection that holds the rows. */
  readonly collection: string;
  /** Kubernetes' own kinds count as older than all configuration. */
  readonly native: boolean;
}

type Extra = Partial<Pick<KindInfo, 'yamlKind' | 'namespaced' | 'body'>>;
const CLUSTER: Extra = { namespaced: false };
const WHOLE: Extra = { body: 'whole' };

function collectionOf(kind: string): string {
  const stem =
    kind === 'HTTPRoute' || kind === 'GRPCRoute' || kind === 'TLSRoute' || kind === 'TCPRoute' || kind === 'UDPRoute'
      ? kind.replace(/^[A-Z]+(?=[A-Z])/, (text) => text.toLowerCase())
      : kind.startsWith('XB')
        ? `xB${kind.slice(2)}`
        : kind[0]!.toLowerCase() + kind.slice(1);
  if (stem.endsWith('y') && !/[aeiou]y$/.test(stem)) return `${stem.slice(0, -1)}ies`;
  return /(s|x)$/.test(stem) ? `${stem}es` : `${stem}s`;
}

function lines(group: string, versions: readonly string[], entries: readonly (Kind | [Kind, Extra])[]): KindInfo[] {
  return entries.map((entry) => {
    const [kind, extra] = typeof entry === 'string' ? [entry, {} as Extra] : entry;
    const yamlKind = extra.yamlKind ?? kind;
    return {
      kind,
      yamlKind,
      group,
      versions,
      plural: collectionOf(yamlKind).toLowerCase(),
      namespaced: extra.namespaced ?? true,
      body: extra.body ?? 'spec',
      collection: kind === 'MeshConfig' ? 'meshConfig' : kind === 'MeshNetworks' ? 'meshNetworks' : collectionOf(kind),
      native: group === '' || (group.endsWith('.k8s.io') === true && !group.startsWith('gateway.')),
    };
  });
}

const NETWORKING = 'networking.istio.io';
const GATEWAY_API = 'gateway.networking.k8s.io';
const STABLE = ['v1', 'v1beta1', 'v1alpha3'];

/** Every kind that Mizzen reads. Some appear twice, when a group moved; the row kind is the same. */
export const KINDS: readonly KindInfo[] = [
  ...lines(NETWORKING, STABLE, ['VirtualService', 'DestinationRule', 'Gateway', 'ServiceEntry', 'Sidecar', 'WorkloadEntry', 'WorkloadGroup']),
  ...lines(NETWORKING, ['v1alpha3'], ['EnvoyFilter']),
  ...lines(NETWORKING, ['v1beta1'], ['ProxyConfig']),
  ...lines('security.istio.io', ['v1', 'v1beta1'], ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy']),
  ...lines('telemetry.istio.io', ['v1', 'v1alpha1'], ['Telemetry']),
  ...lines('extensions.istio.io', ['v1alpha1'], ['WasmPlugin', 'TrafficExtension']),
  ...lines(GATEWAY_API, ['v1', 'v1beta1', 'v1alpha2'], [['GatewayClass', CLUSTER], ['K8sGateway', { yamlKind: 'Gateway' }], 'HTTPRoute']),
  ...lines(GATEWAY_API, ['v1', 'v1alpha2'], ['GRPCRoute']),
  ...lines(GATEWAY_API, ['v1', 'v1alpha3', 'v1alpha2'], ['TLSRoute', 'BackendTLSPolicy']),
  ...lines(GATEWAY_API, ['v1', 'v1beta1', 'v1alpha2'], ['ReferenceGrant']),
  ...lines(GATEWAY_API, ['v1', 'v1alpha2'], ['TCPRoute', 'UDPRoute', 'ListenerSet']),
  ...lines('gateway.networking.x-k8s.io', ['v1alpha1'], [['ListenerSet', { yamlKind: 'XListenerSet' }], 'XBackendTrafficPolicy']),
  ...lines('', ['v1'], [['Namespace', CLUSTER], ['Node', CLUSTER], 'Pod', 'Service']),
  ...lines(
    '',
    ['v1'],
    [
      ['Secret', WHOLE],
      ['ConfigMap', WHOLE],
      ['ServiceAccount', WHOLE],
    ],
  ),
  ...lines('discovery.k8s.io', ['v1', 'v1beta1'], [['EndpointSlice', WHOLE]]),
  ...lines('networking.k8s.io', ['v1'], ['Ingress', ['IngressClass', CLUSTER]]),
  ...lines('multicluster.x-k8s.io', ['v1beta1', 'v1alpha1'], ['ServiceExport', 'ServiceImport']),
  ...lines(
    'mesh.istio.io',
    ['v1alpha1'],
    [
      ['MeshConfig', { namespaced: false, body: 'whole' }],
      ['MeshNetworks', { namespaced: false, body: 'whole' }],
    ],
  ),
];

const byName = new Map(KINDS.map((info) => [`${info.group}/${info.yamlKind}`, info]));
const byKind = new Map<string, KindInfo>();
for (const info of KINDS) if (!byKind.has(info.kind)) byKind.set(info.kind, info);

/** The line of a row kind. */
export function kindInfo(kind: Kind): KindInfo {
  const info = byKind.get(kind);
  if (info === undefined) throw new Error(`kinds: no line for ${kind}`);
  return info;
}

/** `apiVersion` split into group and version: 'v1' → ['', 'v1']. */
export function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

/** The line for a YAML header, or undefined when the group has no such kind (its version is not looked at). */
export function findKind(apiVersion: string, yamlKind: string): KindInfo | undefined {
  return byName.get(`${splitApiVersion(apiVersion)[0]}/${yamlKind}`);
}

/** Groups whose kinds people keep beside mesh configuration; nothing of theirs reaches a proxy, so they are passed over in silence. */
const IGNORED_GROUPS = new Set([
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'rbac.authorization.k8s.io',
  'apiextensions.k8s.io',
  'admissionregistration.k8s.io',
  'storage.k8s.io',
  'coordination.k8s.io',
  'scheduling.k8s.io',
  'apiregistration.k8s.io',
  'certificates.k8s.io',
  'install.istio.io',
  'kustomize.config.k8s.io',
  'cert-manager.io',
  'monitoring.coreos.com',
  'extensions',
]);
const IGNORED_KINDS = new Set([
  '/Endpoints',
  '/Event',
  '/LimitRange',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  '/PodTemplate',
  '/ReplicationController',
  '/ResourceQuota',
  '/Binding',
  'networking.k8s.io/NetworkPolicy',
  'gateway.networking.x-k8s.io/XMesh',
]);

/** True for a kind that is known and of no use to a mesh. */
export function isIgnoredKind(apiVersion: string, yamlKind: string): boolean {
  const [group] = splitApiVersion(apiVersion);
  return IGNORED_GROUPS.has(group) || IGNORED_KINDS.has(`${group}/${yamlKind}`);
}
