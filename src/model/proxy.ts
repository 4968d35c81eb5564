/**
 * A connected (or described) Envoy: its node id and metadata, parsed once. Translation never sees a Proxy; it sees slices of it (scope.ts).
 * Node id: `type~ip~name.namespace~namespace.svc.domain` (XD-018); metadata keys: envoy-shapes §14.
 */
import type { CertificateSource } from './certificate-source.js';
import type { Locality } from './service.js';

export type ProxyType = 'sidecar' | 'router' | 'waypoint';
/**
 * `dual-v4`: addresses of both families, but what traffic is led to listens on IPv4 only (SD-010). `ipv6-v4`: an address of IPv6 only, but
 * traffic that leaves over IPv4 is led to the proxy as well (SD-068).
 */
export type IpMode = 'ipv4' | 'ipv6' | 'dual' | 'dual-v4' | 'ipv6-v4';

/** The proxy can reach and be reached over both families. */
export const hasBothFamilies = (mode: IpMode): boolean => mode === 'dual' || mode === 'dual-v4';
/** The workload has an address of IPv6, and none of IPv4. */
export const hasOnlyIpv6 = (mode: IpMode): boolean => mode === 'ipv6' || mode === 'ipv6-v4';
export type InterceptionMode = 'REDIRECT' | 'TPROXY' | 'NONE';

/** Of Envoy's contrib extensions those that work with private keys in place of Envoy's TLS library. */
export type KeyProviderName = 'cryptomb' | 'qat';

/** Filters that only istio-proxy has: `istio.alpn`, and those that exchange metadata of peers with requests and at the begin of byte streams. */
export type IstioFilter = 'alpn' | 'peer_metadata' | 'tcp_exchange';

/** Whose dialect of xDS the client speaks: a gRPC library without an Envoy (metadata GENERATOR, XD-025); undefined for Envoy. */
export type Generator = 'grpc';

/** What the access logger of statistics in a stock Envoy can do: tags (1.37), also rules for their values (1.38), also a bounded scope (1.39). */
export type StatsLogger = 'tags' | 'rules' | 'scope';

export interface Proxy {
  /** Key of its row: stable for equal descriptions. */
  readonly key: string;
  readonly id: string;
  readonly type: ProxyType;
  readonly generator?: Generator;
  readonly name: string;
  readonly namespace: string;
  /** All addresses (metadata INSTANCE_IPS, else the id's), the id's first. */
  readonly ipAddresses: readonly string[];
  /** Domain of the id without the namespace part: `cluster.local`; `dnsDomain` of the id is `ns.svc.cluster.local`. */
  readonly dnsDomain: string;
  readonly ipMode: IpMode;
  readonly labels: Readonly<Record<string, string>>;
  readonly clusterId: string;
  readonly network: string;
  /** REQUESTED_NETWORK_VIEW: the networks whose endpoints the proxy wants, sorted; undefined: all (CL-010). */
  readonly networkView?: readonly string[];
  /** `cluster` of the Envoy node, else the workload's name: tracers report under it. Only of nodes that are connected. */
  readonly serviceCluster?: string;
  readonly serviceAccount: string;
  /** SPIFFE id that the peer proved, '' when it proved none. Secrets go to this identity only. */
  readonly identity: string;
  readonly nodeName: string;
  readonly locality: Locality;
  readonly interceptionMode: InterceptionMode;
  readonly certificates: CertificateSource;
  /** ISTIO_VERSION or undefined for a stock Envoy without agent. */
  readonly istioVersion?: string;
  readonly http10: boolean;
  /** HTTP_PROXY_PORT or 0. */
  readonly httpProxyPort: number;
  readonly unprivilegedPod: boolean;
  /** Route configurations with more virtual hosts than this come without them, and the hosts one by one (VHDS); undefined: never. */
  readonly vhdsThreshold?: number;
  /** Undefined without such a logger, and where Istio's agent is. */
  readonly statsLogger?: StatsLogger;
  /** Filters of Istio's own Envoy that the proxy says it has, sorted; undefined: none (PA-012, TE-018). */
  readonly istioFilters?: readonly IstioFilter[];
  /** Contrib extensions of Envoy for private keys that the proxy says it has, sorted; undefined: none (GW-036). */
  readonly keyProviders?: readonly KeyProviderName[];
  readonly dnsCapture: boolean;
  readonly dnsAutoAllocate: boolean;
  /** IDLE_TIMEOUT: tcp_proxy idle timeout text, or undefined. */
  readonly idleTimeout?: string;
  /** PROXY_CONFIG and everything else, frozen. */
  readonly metadata: Readonly<Record<string, unknown>>;
}
