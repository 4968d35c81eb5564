/**
 * The mesh's idea of a service, whichever kind it came from (Kubernetes Service, ServiceEntry, Gateway API …). Envoy-free.
 */
import type { Protocol } from './protocol.js';

export interface Port {
  readonly name: string;
  /** The service port, 1..65535. */
  readonly port: number;
  readonly protocol: Protocol;
  /** As written: a number, a container port's name, or undefined for "same as port". */
  readonly targetPort?: number | string;
}

/**
 * How endpoints are found: `EDS` = a list the control plane sends (Kubernetes, STATIC); `DNS` = STRICT_DNS; `DNSRoundRobin` = LOGICAL_DNS;
 * `Passthrough` = the original destination (headless, NONE); `Alias` = ExternalName, no traffic of its own; `DynamicDNS` = dynamic forward proxy.
 */
export type Resolution = 'EDS' | 'DNS' | 'DNSRoundRobin' | 'Passthrough' | 'Alias' | 'DynamicDNS';

/** Who may see something: everybody, only its own namespace, nobody, or the listed namespaces ('.' already resolved). */
export type Visibility = { readonly to: 'all' } | { readonly to: 'none' } | { readonly to: 'namespaces'; readonly namespaces: ReadonlySet<string> };

/** What a Kubernetes Service is in one of the clusters that have it (CL-003). */
export interface ServiceInCluster {
  /** Name of the cluster. */
  readonly cluster: string;
  /** Set for remote clusters: the first part of their rows' keys. */
  readonly remote?: string;
  readonly addresses: readonly string[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly Port[];
}

export interface Service {
  /** Unique and opaque: the row it came from, with host and address for ServiceEntries (services.ts builds and parses it). */
  readonly key: string;
  readonly hostname: string;
  /** Short name: the Kubernetes Service's name; the hostname for a ServiceEntry. */
  readonly name: string;
  readonly namespace: string;
  readonly registry: 'Kubernetes' | 'External';
  readonly ports: readonly Port[];
  readonly resolution: Resolution;
  /** The address listeners bind to: the first VIP, an IP or CIDR of a ServiceEntry, or '0.0.0.0' when it has none (also headless). */
  readonly address: string;
  /** All VIPs (cluster IPs, ServiceEntry addresses); empty for headless and for entries without addresses. */
  readonly addresses: readonly string[];
  /** Set when a remote cluster has the service: what it is in each, by name of the cluster. The rest of the service is as the first one has it. */
  readonly clusters?: readonly ServiceInCluster[];
  /** IPv4 and IPv6 address given to a ServiceEntry without any (SD-048). Which clients use them says service-addresses.ts. */
  readonly autoAllocatedAddresses?: readonly string[];
  readonly isHeadless: boolean;
  /** MESH_EXTERNAL: no mutual TLS by default. */
  readonly meshExternal: boolean;
  readonly visibility: Visibility;
  /** It claims a host or an address that is not its namespace's (host-claims.ts): others neither see it nor are confused by it. */
  readonly refused?: true;
  readonly labels: Readonly<Record<string, string>>;
  /** Label selector of its pods and WorkloadEntries; undefined when it has none. */
  readonly selector?: Readonly<Record<string, string>>;
  /** SPIFFE names that the service vouches for beyond its endpoints' (annotations SD-029, ServiceEntry subjectAltNames). */
  readonly serviceAccounts: readonly string[];
  readonly internalTrafficPolicyLocal: boolean;
  readonly publishNotReadyAddresses: boolean;
  /** 'PreferClose' | 'PreferSameZone' | 'PreferSameNode' when set (SD-027). */
  readonly trafficDistribution?: string;
  /** All resolved addresses are tried at once and the first that answers is taken (SD-037). */
  readonly racesConnects?: boolean;
  /** Label istio.io/persistent-session present (SD-060): draining endpoints are kept. */
  readonly persistentSession: boolean;
  /** Hostnames of ExternalName services that point here (SD-007), sorted. */
  readonly aliases: readonly { readonly hostname: string; readonly namespace: string }[];
  /** Alias only: the hostname it points to. */
  readonly externalName?: string;
  /** Milliseconds since 1970: the oldest wins. */
  readonly createdAt: number;
  /** Row it came from: kind and `namespace/name`. */
  readonly from: { readonly kind: 'Service' | 'ServiceEntry'; readonly key: string };
}

/** A terminating workload of a headless service gets no requests by the service's name; who knows its address keeps talking to it. */
export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'TERMINATING' | 'UNKNOWN';

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** One workload behind one port of a service. */
export interface Endpoint {
  /** IP, hostname (DNS services) or unix:// path; '' for a WorkloadEntry that only a gateway of its network reaches. */
  readonly address: string;
  /** All addresses of a pod that has both families, in its order, behind a service that has both (SD-010). */
  readonly addresses?: readonly string[];
  /** Port the workload listens on; 0 for unix sockets. */
  readonly port: number;
  readonly servicePortName: string;
  readonly health: HealthStatus;
  /** Pod labels (or entry labels) with topology labels added (SD-025). */
  readonly labels: Readonly<Record<string, string>>;
  /** SPIFFE id or '' when unknown. */
  readonly serviceAccount: string;
  readonly network: string;
  readonly clusterId: string;
  readonly locality: Locality;
  /** 0 = unset, counts as 1. */
  readonly weight: number;
  /** The workload can do mutual TLS: label security.istio.io/tlsMode (SD-023). */
  readonly tlsMode: 'istio' | 'disabled';
  readonly namespace: string;
  readonly workloadName: string;
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  readonly nodeName: string;
  /** Name of the pod below its subdomain, '' when it has none. */
  readonly hostname: string;
  /** Together with `hostname` the pod's own DNS name: `hostname.subdomain.namespace…` */
  readonly subdomain?: string;
  /** Kind of source; ServiceEntry's inline endpoints carry no health of their own (envoy-shapes §8). */
  readonly source: 'EndpointSlice' | 'Pod' | 'WorkloadEntry' | 'ServiceEntry';
}
