/**
 * The model: everything that is known of the mesh, as queries over collections. Views and the debug rooms get this one object.
 * Each group below lives in the file named in its comment. All reads inside a query are recorded by the graph.
 */
import type {
  AuthorizationPolicy,
  DestinationRule,
  Gateway,
  RequestAuthentication,
  ServiceEntry,
  Sidecar,
  SidecarSpec,
  TrafficPolicy,
  VirtualService,
} from '../api/istio.js';
import type { FetchedKeys } from '../api/jwks.js';
import type { Kind, KindTypes } from '../api/kinds.js';
import type { EffectiveMeshConfig } from '../api/mesh-config.js';
import type { Collection, Graph } from '../graph/graph.js';
import type { Clusters } from './clusters.js';
import type { DerivedApis } from './define-derived-rows.js';
import type { DiscoveredRows } from './discovered-rows.js';
import type { EnvoyFilters } from './envoy-filters.js';
import type { GatewayServices } from './gateway-services.js';
import type { Claim } from './host-claims.js';
import type { HostRefusals } from './host-refusals.js';
import type { Labels } from './labels.js';
import type { NetworkGateways } from './network-gateways.js';
import type { Proxy } from './proxy.js';
import type { ProxyConfigs } from './proxy-config.js';
import type { EndpointScope, InboundScope, OutboundScope, ServiceTarget } from './scope.js';
import type { Endpoint, Port, Service } from './service.js';
import type { Telemetries } from './telemetry.js';
import type { TrafficExtensions } from './traffic-extensions.js';
import type { ReportedHealth } from './workload-registration.js';

/** One collection per kind, keyed `namespace/name` (rows.ts). Unknown kinds never get here. */
export interface Rows {
  readonly of: <K extends Kind>(kind: K) => Collection<KindTypes[K]>;
  /** Where sources write rows of namespaces; those that are not discovered are kept back. */
  readonly discovered: DiscoveredRows;
  readonly proxies: Collection<Proxy>;
  /** Addresses of names that the control plane resolves for proxies, by name; written by their resolver. */
  readonly hostAddresses: Collection<HostAddresses>;
  /** What proxies report of WorkloadEntries that other sources own (SD-055). */
  readonly reportedHealth: Collection<ReportedHealth>;
  /** Workload certificates of connected identities, keyed by SPIFFE id; written by the CA. */
  readonly certificates: Collection<CertificateRow>;
  /** Whom the mesh trusts, one row under {@link MESH_ROOTS}; written by the CA. */
  readonly roots: Collection<MeshRoots>;
  /** Key sets that RequestAuthentications name by URL, keyed by source; written by their fetcher. */
  readonly jwks: Collection<FetchedKeys>;
  /** Who may have credentials of their namespace, where that is reviewed; written by whoever asks the cluster. */
  readonly secretReaders: Collection<SecretReader>;
}

/** An account that may have credentials; see {@link secretReaderId}. */
export interface SecretReader {
  readonly id: string;
}

/** An account of a cluster, by its SPIFFE id. */
export const secretReaderId = (clusterId: string, spiffeId: string): string => `${clusterId} ${spiffeId}`;

/** A workload's certificate as PEM. */
export interface CertificateRow {
  /** SPIFFE id. */
  readonly id: string;
  readonly certChainPem: string;
  readonly privateKeyPem: string;
  readonly rootPem: string;
  /** Revocation lists of the CAs, where they keep any. */
  readonly crlPem?: string;
}

export const MESH_ROOTS = 'mesh';

/** Certificates of the mesh's CAs as PEM, more than one while a root is replaced. */
export interface MeshRoots {
  readonly id: typeof MESH_ROOTS;
  readonly rootPem: string;
}

/** What a name resolves to at present. */
export interface HostAddresses {
  readonly hostname: string;
  /** Sorted. */
  readonly addresses: readonly string[];
}

/** services.ts, service-entries.ts */
export interface Services {
  /** By service key. */
  get(key: string): Service | undefined;
  /** All services of a namespace, oldest first, then by hostname. */
  inNamespace(namespace: string): readonly Service[];
  /** Namespaces that have a service, sorted. */
  namespaces(): readonly string[];
  /** All services with exactly this hostname in any namespace; Kubernetes first, then oldest. */
  byHostname(hostname: string): readonly Service[];
  /** Names of the clusters whose endpoints of the service clients of other clusters may use; undefined: of all clusters (SD-061). */
  openClusters(service: Service): ReadonlySet<string> | undefined;
  /** Domain of what a reference to a ServiceImport means. */
  readonly importDomain: string;
  /** Addresses given to a host of a ServiceEntry that has none (SD-048). */
  autoAddresses(entry: ServiceEntry, host: string): readonly string[];
}

/** endpoints.ts */
export interface Endpoints {
  /** All endpoints of one port of a service in a stable order (by source, then address), unhealthy ones included. */
  of(serviceKey: string, portName: string): readonly Endpoint[];
  /** Sorted, distinct SPIFFE ids of the endpoints of all ports, plus the service's own. */
  serviceAccounts(serviceKey: string): readonly string[];
  /** The workload that a pod or WorkloadEntry at an address belongs to; '' for none. */
  workloadNameAt(address: string): string;
  /** Service ports that end at a workload address (SD-063), ascending by target port, then oldest service first. */
  /** `cluster`: only its endpoints (and those of ServiceEntries) count. */
  targetsAt(address: string, cluster?: string): readonly ServiceTarget[];
  /** The same by labels alone, for a proxy of which nothing else is known: target ports that are names are left out. */
  targetsOfLabels(namespace: string, labels: Labels, cluster: string): readonly ServiceTarget[];
}

/** One egress listener of a Sidecar; without a Sidecar there is a single one without port and bind. */
export interface EgressListener {
  readonly index: number;
  readonly port?: { readonly number: number; readonly protocol: string; readonly name: string };
  /** '' when unset. */
  readonly bind: string;
  readonly captureMode: 'DEFAULT' | 'IPTABLES' | 'NONE';
}

/** sidecar-scope.ts: what one outbound scope can see (section 5 SC). All results are memoised per scope. */
export interface SidecarScopes {
  sidecar(scope: OutboundScope): Sidecar | undefined;
  spec(scope: OutboundScope): SidecarSpec | undefined;
  outboundTrafficPolicy(scope: OutboundScope): 'ALLOW_ANY' | 'REGISTRY_ONLY' | 'ALLOW_ANY_DYNAMIC_DNS';
  egressListeners(scope: OutboundScope): readonly EgressListener[];
  /** Namespaces with visible services, sorted: the chunks that views are composed of. */
  namespaces(scope: OutboundScope): readonly string[];
  /** Services of one namespace visible to the scope over all egress listeners, incl. those that VirtualServices bring in. One service per hostname and address. */
  servicesIn(scope: OutboundScope, namespace: string): readonly Service[];
  /** The same by egress listener (ports not filtered). */
  servicesOf(scope: OutboundScope, egressListener: number): readonly Service[];
  /** The service a hostname means for this scope, or undefined when not visible. */
  service(scope: OutboundScope, hostname: string): Service | undefined;
  /** VirtualServices visible through one egress listener, bound to `mesh`, in Istio's order. */
  virtualServicesOf(scope: OutboundScope, egressListener: number): readonly VirtualService[];
}

/** virtual-services.ts: short names expanded, delegates merged (VS-001, VS-004, VS-035). The rows returned have resolved hosts. */
export interface VirtualServices {
  /** By `namespace/name`; undefined for delegates. */
  get(key: string): VirtualService | undefined;
  /** Visible to the namespace and bound to the given gateway: 'mesh' or `ns/name`. Istio's order: own private, exported to the namespace, public; oldest first inside each. */
  bound(namespace: string, gateway: string): readonly VirtualService[];
  /** With strict host ownership: why proxies of other namespaces pass it over at one of its gateways; empty when they do not. */
  refused(virtualService: VirtualService, gateway: string): readonly Claim[];
  /** Hosts of all destinations of a VirtualService, resolved. */
  destinations(virtualService: VirtualService): ReadonlySet<string>;
}

/** The rule that holds for one service and one client scope: several rules for one host merged (DR-002, DR-003, DR-005). */
export interface SelectedRule {
  /** Of the merged rule; the first one's. */
  readonly rule: DestinationRule;
  readonly spec: DestinationRule['spec'];
  /** Rows that took part, first is the winner. */
  readonly from: readonly DestinationRule[];
}

/** What of a client decides which rule holds. */
export type RuleClient = Pick<OutboundScope, 'namespace' | 'labels'>;

/** destination-rules.ts */
export interface DestinationRules {
  /**
   * Names of the rules that hold, `ns/name` joined by commas, '' for none. Depends on names, hosts and visibility only: key resources by this
   * and read the content with `get`. `inbound`: for the service's own workload, where rules with a selector do not count.
   */
  selectKeys(scope: RuleClient, service: Service, inbound?: boolean): string;
  /** The merged rule of a `selectKeys` result. */
  get(keys: string): SelectedRule | undefined;
  /** Its subsets' names in order. */
  subsetNames(keys: string): readonly string[];
  /** Client namespace, service namespace, root namespace: the first hit wins; workloadSelector rules first. */
  select(scope: RuleClient, service: Service): SelectedRule | undefined;
  /** Traffic policy of a service port and subset: mesh defaults, rule, port level (replaces), subset (overlays), subset's port level. */
  trafficPolicy(scope: OutboundScope, service: Service, port: Port, subset?: string): TrafficPolicy | undefined;
}

/** One server of a merged gateway proxy. */
export interface GatewayServer {
  readonly gateway: Gateway;
  readonly server: NonNullable<Gateway['spec']['servers']>[number];
  /** Port the proxy listens on: target port of the gateway's Service (GW-023). */
  readonly targetPort: number;
  /** RDS name of an HTTP server, '' for others. */
  readonly routeName: string;
  /** '' when unset. */
  readonly bind: string;
  /** UDP port of the same server over HTTP/3 (GW-027). */
  readonly quicPort?: number;
}

/** A server that had to give way (GW-024, GW-025). */
export interface RejectedServer {
  readonly gateway: Gateway;
  readonly server: GatewayServer['server'];
  readonly reason: string;
  /** Whom it gave way to. */
  readonly winner: Gateway;
}

/** gateways.ts */
export interface Gateways {
  /** Servers that are not served by proxies of this scope because an older one holds their port, host or route name. */
  rejected(scope: OutboundScope): readonly RejectedServer[];
  /** Servers by listener (`bind` and target port), conflicts already resolved; the order is the merge order. */
  listeners(scope: OutboundScope): readonly { readonly bind: string; readonly port: number; readonly servers: readonly GatewayServer[] }[];
}

export type MutualTlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

/** peer-authentications.ts (section 9 PA) */
export interface PeerAuthentications {
  /** Mode of one workload port. */
  mode(namespace: string, labels: Readonly<Record<string, string>>, port: number): MutualTlsMode;
  /** Ports with their own mode at this workload, ascending. */
  portModes(namespace: string, labels: Readonly<Record<string, string>>): readonly { readonly port: number; readonly mode: MutualTlsMode }[];
  /** Mode without workload rules: the client side's inference (PA-004). */
  namespaceMode(namespace: string): MutualTlsMode;
}

/** authorization-policies.ts (section 11 AZ): what holds at one workload, the root namespace's first, then by age. */
export interface AuthorizationPolicies {
  of(namespace: string, labels: Readonly<Record<string, string>>): readonly AuthorizationPolicy[];
}

/** remote-keys.ts */
export interface RemoteKeys {
  /** The cluster through which proxies fetch the key set at this URL; undefined: the control plane fetches it. */
  clusterOf(jwksUri: string): string | undefined;
}

/** request-authentications.ts (section 10 RA): what holds at one workload, its own namespace's first, then by age. */
export interface RequestAuthentications {
  of(namespace: string, labels: Readonly<Record<string, string>>): readonly RequestAuthentication[];
}

/** proxies.ts: proxy → slices. */
export interface Proxies {
  get(key: string): Proxy | undefined;
  outboundScope(proxyKey: string): OutboundScope;
  endpointScope(proxyKey: string): EndpointScope;
  inboundScope(proxyKey: string): InboundScope;
}

export interface Mesh {
  readonly graph: Graph;
  readonly rows: Rows;
  config(): EffectiveMeshConfig;
  /** Credentials go to secret readers only. */
  readonly reviewsSecretReaders: boolean;
  /** Labels of services give them sessions. */
  readonly persistentSessions: boolean;
  /** Gateways speak HTTP/3 where their Service has a UDP port of the same number (GW-027). */
  readonly quicListeners: boolean;
  /** Rows that Gateway API and Ingress stand for; what reads Gateways, VirtualServices and DestinationRules merges them with the users' own. */
  readonly derived: DerivedApis;
  /** clusters.ts */
  readonly clusters: Clusters;
  /** network-gateways.ts */
  readonly networkGateways: NetworkGateways;
  readonly services: Services;
  readonly endpoints: Endpoints;
  readonly proxyConfigs: ProxyConfigs;
  readonly proxies: Proxies;
  readonly sidecarScopes: SidecarScopes;
  readonly virtualServices: VirtualServices;
  readonly destinationRules: DestinationRules;
  readonly gateways: Gateways;
  readonly gatewayServices: GatewayServices;
  readonly peerAuthentications: PeerAuthentications;
  readonly requestAuthentications: RequestAuthentications;
  readonly remoteKeys: RemoteKeys;
  readonly authorizationPolicies: AuthorizationPolicies;
  readonly telemetries: Telemetries;
  readonly trafficExtensions: TrafficExtensions;
  readonly envoyFilters: EnvoyFilters;
  readonly hostRefusals: HostRefusals;
}
