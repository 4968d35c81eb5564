/**
 * The HTTP filter chain. Its order is the order of the array below (envoy-shapes §4): a new filter is one file and one line here. What
 * resolves names comes last but for the router.
 */
import type { HttpFilter as Filter } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { Protocol } from '../../model/protocol.js';
import type { IstioFilter } from '../../model/proxy.js';
import type { DnsCache } from '../cluster/dns-cache.js';
import { type ExtensionFilter, httpExtensions, type Phase } from '../extension/chain.js';
import type { Partial } from '../proto.js';
import type { WorkloadFacts } from '../stats-log/workload-facts.js';
import { cors } from './cors.js';
import { dynamicForwardProxy } from './dynamic-forward-proxy.js';
import { extAuthz } from './ext-authz.js';
import { fault } from './fault.js';
import { grpcStats } from './grpc-stats.js';
import { grpcWeb } from './grpc-web.js';
import { istioAlpn } from './istio-alpn.js';
import { jwt } from './jwt.js';
import { meshAlpn } from './mesh-alpn.js';
import { metadataExchange } from './metadata-exchange.js';
import { peerHeader } from './peer-header.js';
import { rbac } from './rbac.js';
import { router } from './router.js';
import type { HttpSecurity } from './security.js';
import { statefulSession } from './stateful-session.js';
import { httpStats, type StatsFilter } from './stats.js';

/** What a filter may depend on. */
export interface HttpFilterContext {
  readonly side: 'inbound' | 'outbound' | 'gateway';
  readonly protocol: Protocol;
  /** ProxyConfig.proxyHeaders.envoyDebugHeaders.disabled */
  readonly suppressDebugHeaders: boolean;
  /** Servers of the mesh are told that requests are HTTP (a stock Envoy's business, mesh-alpn.ts). */
  readonly marksHttp?: boolean;
  /** Of the workload itself; what a sidecar sends to others has none. */
  readonly security?: HttpSecurity;
  /** Istio's metrics, for proxies that can make them. */
  readonly stats?: readonly StatsFilter[];
  /** What a stock Envoy tells its peers of itself, and whether the filter chain ends mutual TLS of the mesh. */
  readonly self?: WorkloadFacts;
  readonly mutualTls?: boolean;
  /** What Istio's own Envoy has (PA-012, TE-018), and whether it keeps from strangers what it tells peers (PC-013). */
  readonly istioFilters?: readonly IstioFilter[];
  readonly hidesFromStrangers?: boolean;
  /** Routes may keep sessions with one endpoint (SD-060). */
  readonly sessions?: boolean;
  /** Of users, and the port at which their place is (0 for any). */
  readonly extensions?: readonly ExtensionFilter[];
  readonly port?: number;
  /** Caches of the dynamic forward proxy clusters that routes may lead to. */
  readonly dnsCaches?: readonly DnsCache[];
}

/** One kind of filter, or several in a row: undefined where it has no business in the chain. */
export type HttpFilter = (context: HttpFilterContext) => Partial<Filter> | readonly Partial<Filter>[] | undefined;

const extensionsOf =
  (phase: Phase): HttpFilter =>
  ({ extensions = [], port = 0 }) =>
    httpExtensions(extensions, phase, port);

const HTTP_FILTERS: readonly HttpFilter[] = [
  metadataExchange,
  peerHeader,
  extAuthz,
  extensionsOf('AUTHN'),
  jwt,
  extensionsOf('AUTHZ'),
  rbac,
  extensionsOf('STATS'),
  extensionsOf('UNSPECIFIED_PHASE'),
  grpcWeb,
  grpcStats,
  istioAlpn,
  fault,
  cors,
  meshAlpn,
  httpStats,
  statefulSession,
];

export function httpFilters(context: HttpFilterContext): Partial<Filter>[] {
  const caches = context.dnsCaches ?? [];
  return [...HTTP_FILTERS.flatMap((filter) => filter(context) ?? []), ...caches.map(dynamicForwardProxy), router(context)];
}
