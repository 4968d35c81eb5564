/**
 * `virtualOutbound`: receives every outbound connection that iptables redirects and hands it to the listener of its original
 * destination; what none takes goes to the catch-all chain. Envoy-shapes §1.1, SC-009, SC-010, MC-006.
 */
import { TrafficDirection } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { FilterChain } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import type { Destination } from '../../api/istio.js';
import { BLACK_HOLE_CLUSTER, outboundClusterName, PASSTHROUGH_CLUSTER, VIRTUAL_OUTBOUND } from '../../model/names.js';
import { listenerAccessLogs } from '../access-log/index.js';
import type { DnsCache } from '../cluster/dns-cache.js';
import { tcpStats } from '../http-filter/stats.js';
import type { Partial } from '../proto.js';
import { catchAllRoute, type OutboundPolicy } from '../route/default-route.js';
import { MAX_DIRECT_RESPONSE_BODY } from '../route/encode-routes.js';
import { addresses, outboundWildcards } from './address.js';
import { PLAINTEXT_HTTP } from './filter-chain-match.js';
import { httpConnectionManager } from './hcm.js';
import { HTTP_INSPECTOR } from './inspectors.js';
import type { HttpSettings, ListenerSettings } from './settings.js';
import { type TcpProxyPlan, tcpProxy, toCluster } from './tcp-proxy.js';

/** What the listener depends on. */
export interface VirtualOutboundSettings extends Pick<ListenerSettings, 'ipMode' | 'interceptionMode' | 'outboundPort' | 'tcp'> {
  /** Needed for plain HTTP to unknown hosts only. */
  readonly http?: HttpSettings;
}

/** A plain value: part of the listener's key. */
export interface VirtualOutboundPlan {
  readonly otherwise: TcpProxyPlan;
  /** Set where plain HTTP to unknown hosts is resolved by the proxy. */
  readonly unknownHosts?: {
    readonly cache: DnsCache;
    readonly appendXForwardedHost: boolean;
    readonly includeRequestAttemptCount: boolean;
  };
}

/** Where connections to unknown destinations go. */
export function unknownTraffic(policy: OutboundPolicy, egressProxy: Destination | undefined): TcpProxyPlan {
  if (policy === 'REGISTRY_ONLY') return toCluster(BLACK_HOLE_CLUSTER);
  if (egressProxy?.host === undefined) return toCluster(PASSTHROUGH_CLUSTER);
  return toCluster(outboundClusterName(egressProxy.host, egressProxy.port?.number ?? 0, egressProxy.subset));
}

const CATCH_ALL_CHAIN = 'virtualOutbound-catchall-tcp';

/** undefined without interception: nothing is redirected then. */
export function translateVirtualOutbound(plan: VirtualOutboundPlan, settings: VirtualOutboundSettings): Partial<Listener> | undefined {
  if (settings.interceptionMode === 'NONE') return undefined;
  return {
    name: VIRTUAL_OUTBOUND,
    ...addresses(outboundWildcards(settings.ipMode), settings.outboundPort),
    ...(settings.interceptionMode === 'TPROXY' ? { transparent: true } : {}),
    useOriginalDst: true,
    trafficDirection: TrafficDirection.OUTBOUND,
    maxConnectionsToAcceptPerSocketEvent: 1,
    accessLog: listenerAccessLogs(settings.tcp.accessLogs),
    ...(plan.unknownHosts === undefined ? {} : { listenerFilters: [HTTP_INSPECTOR] }),
    filterChains: [
      {
        // A connection to the listener's own port would come back for ever.
        name: 'virtualOutbound-blackhole',
        filterChainMatch: { destinationPort: settings.outboundPort },
        filters: [...tcpStats(settings.tcp), tcpProxy({ ...toCluster(BLACK_HOLE_CLUSTER), silent: true }, settings.tcp)],
      },
      ...(plan.unknownHosts === undefined ? [] : [resolvingChain(plan.unknownHosts, settings)]),
      { name: CATCH_ALL_CHAIN, filters: [...tcpStats(settings.tcp), tcpProxy(plan.otherwise, settings.tcp)] },
    ],
  };
}

/** Plain HTTP to unknown hosts: one virtual host that resolves what the request names. */
function resolvingChain(
  { cache, appendXForwardedHost, includeRequestAttemptCount }: NonNullable<VirtualOutboundPlan['unknownHosts']>,
  { http }: VirtualOutboundSettings,
): Partial<FilterChain> {
  if (http === undefined) throw new Error('virtualOutbound: HTTP chain without HTTP settings');
  const kind = 'allow_any_dynamic_dns';
  const routes = {
    name: kind,
    virtualHosts: [{ name: kind, domains: ['*'], routes: [catchAllRoute(kind, appendXForwardedHost)], includeRequestAttemptCount }],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: MAX_DIRECT_RESPONSE_BODY,
    ignorePortInHostMatching: true,
  };
  const options = { side: 'outbound', statPrefix: `outbound_${VIRTUAL_OUTBOUND}_${kind}`, routes, protocol: 'HTTP', dnsCaches: [cache] } as const;
  return {
    name: `${CATCH_ALL_CHAIN}-http`,
    filterChainMatch: { applicationProtocols: [...PLAINTEXT_HTTP] },
    filters: [httpConnectionManager(options, http)],
  };
}
