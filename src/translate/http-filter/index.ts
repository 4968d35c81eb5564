/**
 * The HTTP filter chain. Its order is the order of the array below (envoy-shapes §4): a new filter is one file and one line here. What
 * resolves names comes last but for the router.
 * Places that later issues fill, in order: metadata exchange before everything; stateful_session between istio.stats and the router.
 */
import type { HttpFilter as Filter } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import type { Protocol } from '../../model/protocol.js';
import type { DnsCache } from '../cluster/dns-cache.js';
import { type ExtensionFilter, httpExtensions, type Phase } from '../extension/chain.js';
import type { Partial } from '../proto.js';
import { cors } from './cors.js';
import { dynamicForwardProxy } from './dynamic-forward-proxy.js';
import { extAuthz } from './ext-authz.js';
import { fault } from './fault.js';
import { grpcStats } from './grpc-stats.js';
import { grpcWeb } from './grpc-web.js';
import { jwt } from './jwt.js';
import { meshAlpn } from './mesh-alpn.js';
import { rbac } from './rbac.js';
import { router } from './router.js';
import type { HttpSecurity } from './security.js';
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
  extAuthz,
  extensionsOf('AUTHN'),
  jwt,
  extensionsOf('AUTHZ'),
  rbac,
  extensionsOf('STATS'),
  extensionsOf('UNSPECIFIED_PHASE'),
  grpcWeb,
  grpcStats,
  fault,
  cors,
  meshAlpn,
  httpStats,
];

export function httpFilters(context: HttpFilterContext): Partial<Filter>[] {
  const caches = context.dnsCaches ?? [];
  return [...HTTP_FILTERS.flatMap((filter) => filter(context) ?? []), ...caches.map(dynamicForwardProxy), router(context)];
}
