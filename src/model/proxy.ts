/**
 * A connected (or described) Envoy: its node id and metadata, parsed once. Translation never sees a Proxy; it sees slices of it (scope.ts).
 * Node id: `type~ip~name.namespace~namespace.svc.domain` (XD-018); metadata keys: envoy-shapes §14.
 */
import type { Locality } from './service.js';

export type ProxyType = 'sidecar' | 'router' | 'waypoint';
export type IpMode = 'ipv4' | 'ipv6' | 'dual';
export type InterceptionMode = 'REDIRECT' | 'TPROXY' | 'NONE';

/** Where the proxy gets its certificates: Istio's agent (cluster `sds-grpc`) or our own SDS over the ADS stream. */
export type CertificateSource = 'agent' | 'ads';

/** Whose dialect of xDS the client speaks: a gRPC library without an Envoy (metadata GENERATOR, XD-025); undefined for Envoy. */
export type Generator = 'grpc';

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
  readonly dnsCapture: boolean;
  readonly dnsAutoAllocate: boolean;
  /** IDLE_TIMEOUT: tcp_proxy idle timeout text, or undefined. */
  readonly idleTimeout?: string;
  /** PROXY_CONFIG and everything else, frozen. */
  readonly metadata: Readonly<Record<string, unknown>>;
}
