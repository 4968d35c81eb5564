/**
 * `virtualOutbound`: receives every outbound connection that iptables redirects and hands it to the listener of its original
 * destination; what none takes goes to the catch-all chain. Envoy-shapes §1.1, SC-009, SC-010, MC-006.
 */
import { TrafficDirection } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { Destination } from '../../api/istio.js';
import { BLACK_HOLE_CLUSTER, outboundClusterName, PASSTHROUGH_CLUSTER, VIRTUAL_OUTBOUND } from '../../model/names.js';
import { listenerAccessLogs } from '../access-log/index.js';
import type { Partial } from '../proto.js';
import { addresses, wildcards } from './address.js';
import type { ListenerSettings } from './settings.js';
import { type TcpProxyPlan, tcpProxy, toCluster } from './tcp-proxy.js';

/** What the listener depends on. */
export type VirtualOutboundSettings = Pick<ListenerSettings, 'ipMode' | 'interceptionMode' | 'outboundPort' | 'tcp'>;

/** Where connections to unknown destinations go. */
export function unknownTraffic(policy: 'ALLOW_ANY' | 'REGISTRY_ONLY', egressProxy: Destination | undefined): TcpProxyPlan {
  if (policy === 'REGISTRY_ONLY') return toCluster(BLACK_HOLE_CLUSTER);
  if (egressProxy?.host === undefined) return toCluster(PASSTHROUGH_CLUSTER);
  return toCluster(outboundClusterName(egressProxy.host, egressProxy.port?.number ?? 0, egressProxy.subset));
}

/** undefined without interception: nothing is redirected then. */
export function translateVirtualOutbound(otherwise: TcpProxyPlan, settings: VirtualOutboundSettings): Partial<Listener> | undefined {
  if (settings.interceptionMode === 'NONE') return undefined;
  return {
    name: VIRTUAL_OUTBOUND,
    ...addresses(wildcards(settings.ipMode), settings.outboundPort),
    ...(settings.interceptionMode === 'TPROXY' ? { transparent: true } : {}),
    useOriginalDst: true,
    trafficDirection: TrafficDirection.OUTBOUND,
    maxConnectionsToAcceptPerSocketEvent: 1,
    accessLog: listenerAccessLogs(settings.tcp.accessLogs),
    filterChains: [
      {
        // A connection to the listener's own port would come back for ever.
        name: 'virtualOutbound-blackhole',
        filterChainMatch: { destinationPort: settings.outboundPort },
        filters: [tcpProxy({ ...toCluster(BLACK_HOLE_CLUSTER), silent: true }, settings.tcp)],
      },
      { name: 'virtualOutbound-catchall-tcp', filters: [tcpProxy(otherwise, settings.tcp)] },
    ],
  };
}
