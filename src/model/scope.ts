/**
 * Scope slices: small frozen values that hold exactly what one kind of resource may depend on of a proxy. Equal slices are one object with one
 * id, so proxies with equal slices share every byte. An input that is not in the slice cannot be read by translation (models.md §4).
 */
import { keepWithValue } from '../graph/graph.js';
import type { CertificateSource } from './certificate-source.js';
import type { Labels } from './labels.js';
import type { Protocol } from './protocol.js';
import type { Generator, InterceptionMode, IpMode, ProxyType } from './proxy.js';
import type { Locality } from './service.js';

/** What clusters, routes and outbound listeners may depend on. */
export interface OutboundScope {
  readonly id: string;
  readonly type: ProxyType;
  /** Set for gRPC libraries without an Envoy. */
  readonly generator?: Generator;
  readonly namespace: string;
  /** `cluster.local` */
  readonly domain: string;
  /** Domain part of the node id, `ns.svc.cluster.local`: decides whether short host names are added. */
  readonly dnsDomain: string;
  readonly clusterId: string;
  readonly network: string;
  readonly ipMode: IpMode;
  readonly interceptionMode: InterceptionMode;
  readonly certificates: CertificateSource;
  readonly istioVersion: string;
  readonly http10: boolean;
  readonly httpProxyPort: number;
  readonly dnsCapture: boolean;
  readonly dnsAutoAllocate: boolean;
  readonly idleTimeout: string;
  readonly unprivilegedPod: boolean;
  /** Peers exchange metadata at the begin of byte streams, with a filter of Istio's own Envoy (TE-018). */
  readonly peerExchange?: true;
  /** Clusters and endpoints carry what metrics of a stock Envoy say of them, each fact under a key of its own. */
  readonly metricFacts?: true;
  /** Route configurations with more virtual hosts than this are served by VHDS; undefined: none. */
  readonly vhdsThreshold?: number;
  /** Key of the Sidecar that holds for the proxy (SC-002), '' for none. Always '' for routers. */
  readonly sidecar: string;
  /** Routers: keys of the Gateways that select the proxy, oldest first. */
  readonly gateways: readonly string[];
  /**
   * Routers: [service port, target port] of the services that end at the proxy, ascending by service port; of several services on one port
   * the oldest counts (GW-023). Empty for others.
   */
  readonly gatewayPorts: readonly (readonly [servicePort: number, targetPort: number])[];
  /** Routers: the same of UDP ports, where HTTP/3 is switched on (GW-027). */
  readonly quicPorts?: readonly (readonly [servicePort: number, targetPort: number])[];
  /** Those of the proxy's labels that some rule in the mesh looks at (sourceLabels, workloadSelectors). */
  readonly labels: Labels;
  /** Canonical JSON of the proxy's own settings that reach xDS (gatewayTopology, tracing, proxyHeaders …), '' where the mesh's defaults hold. */
  readonly proxyConfig: string;
}

/** What load assignments may depend on. */
export interface EndpointScope {
  readonly id: string;
  readonly type: ProxyType;
  readonly namespace: string;
  readonly clusterId: string;
  readonly network: string;
  /** Networks whose endpoints the proxy wants; undefined: all. */
  readonly networkView?: readonly string[];
  readonly ipMode: IpMode;
  readonly locality: Locality;
  /** Set only when some service uses internalTrafficPolicy Local or node-based distribution. */
  readonly nodeName: string;
  /** Labels that failoverPriority or workloadSelectors look at. */
  readonly labels: Labels;
  /** The outbound scope, for the choice of DestinationRule. */
  readonly outbound: string;
}

/** One service port that ends at the proxy (SD-063), as the proxy's own cluster has it. */
export interface ServiceTarget {
  readonly service: string;
  readonly hostname: string;
  readonly port: number;
  readonly portName: string;
  readonly protocol: Protocol;
  readonly targetPort: number;
}

/** What inbound listeners and clusters may depend on. */
export interface InboundScope {
  readonly id: string;
  readonly namespace: string;
  readonly ipMode: IpMode;
  readonly interceptionMode: InterceptionMode;
  readonly certificates: CertificateSource;
  readonly istioVersion: string;
  readonly http10: boolean;
  readonly sidecar: string;
  /** First address of the proxy, only when something binds to it (Sidecar ingress, interception NONE), else ''. */
  readonly address: string;
  /** Ascending by target port, then by age of the service. */
  readonly targets: readonly ServiceTarget[];
  /** Labels that PeerAuthentication and other policies look at. */
  readonly labels: Labels;
  readonly proxyConfig: string;
  readonly idleTimeout: string;
  /** The outbound scope, for DestinationRules that reach the server side (DR-031). */
  readonly outbound: string;
}

/**
 * Weak: a scope lives as long as a value in the graph that was made with it. Clients choose parts of what is in them, and must not fill the memory by
 * coming back as somebody else again and again.
 */
const interned = new Map<string, WeakRef<object>>();
const byId = new Map<string, WeakRef<object>>();
let given = 0;
const collected = new FinalizationRegistry(({ text, id }: { readonly text: string; readonly id: string }) => {
  byId.delete(id);
  // Another of the same content may have come meanwhile.
  if (interned.get(text)?.deref() === undefined) interned.delete(text);
});

/** Gives equal slices one frozen object and one short id. Ids mean nothing beyond this process. */
export function internScope<S extends { readonly id: string }>(prefix: string, slice: Omit<S, 'id'>): S {
  const text = prefix + JSON.stringify(slice);
  const known = interned.get(text)?.deref();
  if (known !== undefined) return kept(known as S);
  const scope = Object.freeze({ ...slice, id: `${prefix}${(given++).toString(36)}` }) as unknown as S;
  const weak = new WeakRef(scope);
  interned.set(text, weak);
  byId.set(scope.id, weak);
  collected.register(scope, { text, id: scope.id });
  return kept(scope);
}

/**
 * The slice behind an id, e.g. in a query key. Throws for an id that was never given, or whose slice nobody has any more: who has an id in a query has
 * read it from a value that keeps the slice.
 */
export function scopeOf<S extends { readonly id: string }>(id: string): S {
  const scope = byId.get(id)?.deref();
  if (scope === undefined) throw new Error(`unknown scope ${id}`);
  return kept(scope as S);
}

/** How many there are; for tests. */
export const scopeCount = (): number => interned.size;

function kept<S extends object>(scope: S): S {
  keepWithValue(scope);
  return scope;
}
