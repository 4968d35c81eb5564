/**
 * tcp_proxy filters. The plan is a plain value, so that views can key listeners by it.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { TcpProxy, UpstreamConnectMode } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.js';
import { tcpAccessLogs } from '../access-log/index.js';
import { duration, type Partial, toAny } from '../proto.js';
import { tcpStatsLogs } from '../stats-log/stats-log.js';
import type { TcpSettings } from './settings.js';

/** What a client may send before its server is connected; more waits. */
const MAX_EARLY_DATA = 65_536;

export interface TcpProxyPlan {
  readonly statPrefix: string;
  /** One cluster's name, or several with their weights (at least one). */
  readonly to: string | readonly { readonly cluster: string; readonly weight: number }[];
  /** Of the destination's rule; unset falls back to the node's. */
  readonly idleTimeout?: string;
  readonly maxConnectionDuration?: string;
  /** Consistent hashing by source address. */
  readonly hashSourceIp?: boolean;
  /** HTTP CONNECT (or POST) to `host:port` around the stream. */
  readonly tunnel?: { readonly hostname: string; readonly usePost: boolean };
  /** Never logged: connections to a port that nobody should call. */
  readonly silent?: boolean;
  /** The filter chain ends mutual TLS of the mesh: for metrics. */
  readonly mutualTls?: boolean;
}

export function tcpProxy(plan: TcpProxyPlan, settings: TcpSettings): Partial<Filter> {
  return { name: 'envoy.filters.network.tcp_proxy', configType: { $case: 'typedConfig', value: toAny(TcpProxy, translateTcpProxy(plan, settings)) } };
}

export function translateTcpProxy(plan: TcpProxyPlan, settings: TcpSettings): Partial<TcpProxy> {
  const idleTimeout = plan.silent === true ? '' : (plan.idleTimeout ?? settings.idleTimeout);
  return {
    statPrefix: plan.statPrefix,
    clusterSpecifier:
      typeof plan.to === 'string'
        ? { $case: 'cluster', value: plan.to }
        : { $case: 'weightedClusters', value: { clusters: plan.to.map(({ cluster, weight }) => ({ name: cluster, weight })) } },
    ...(idleTimeout === '' ? {} : { idleTimeout: duration(idleTimeout) }),
    ...(plan.maxConnectionDuration === undefined ? {} : { maxDownstreamConnectionDuration: duration(plan.maxConnectionDuration) }),
    ...(plan.hashSourceIp === true ? { hashPolicy: [{ policySpecifier: { $case: 'sourceIp', value: {} } }] } : {}),
    ...(plan.tunnel === undefined ? {} : { tunnelingConfig: plan.tunnel }),
    ...(plan.silent === true ? {} : logs(plan, settings)),
  };
}

/** Metrics want to hear of the begin too, other logs of the end alone, as without metrics. */
function logs({ mutualTls = false }: TcpProxyPlan, { accessLogs, statsLog }: TcpSettings): Partial<TcpProxy> {
  if (statsLog === undefined) return { accessLog: tcpAccessLogs(accessLogs) };
  return {
    accessLog: [...tcpAccessLogs(accessLogs, true), ...tcpStatsLogs(statsLog, mutualTls)],
    accessLogOptions: { flushAccessLogOnConnected: true },
    // Else the begin comes before the handshake, which tells who the client is.
    ...(mutualTls ? { upstreamConnectMode: UpstreamConnectMode.ON_DOWNSTREAM_TLS_HANDSHAKE, maxEarlyDataBytes: MAX_EARLY_DATA } : {}),
  };
}

/** The usual case: everything to one cluster, which also names the statistics. */
export const toCluster = (cluster: string): TcpProxyPlan => ({ to: cluster, statPrefix: cluster });
