/**
 * tcp_proxy filters. The plan is a plain value, so that views can key listeners by it.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { TcpProxy } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.js';
import { tcpAccessLogs } from '../access-log/index.js';
import { duration, type Partial, toAny } from '../proto.js';
import type { TcpSettings } from './settings.js';

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
    ...(plan.silent === true ? {} : { accessLog: tcpAccessLogs(settings.accessLogs) }),
  };
}

/** The usual case: everything to one cluster, which also names the statistics. */
export const toCluster = (cluster: string): TcpProxyPlan => ({ to: cluster, statPrefix: cluster });
