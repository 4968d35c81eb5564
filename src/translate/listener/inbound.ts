/**
 * Inbound listeners of a sidecar: `virtualInbound`, which all redirected connections reach, with catch-all chains and one set of chains
 * per workload port; and real listeners for ports of a Sidecar's ingress that bind (SC-007, SC-012). Envoy-shapes §1.3, §3.
 */

import { TrafficDirection } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { Filter, FilterChain } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import type { HTTPRetry } from '../../api/istio.js';
import type { MutualTlsMode } from '../../model/mesh.js';
import { BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, inboundClusterName, VIRTUAL_INBOUND } from '../../model/names.js';
import type { Protocol } from '../../model/protocol.js';
import { listenerAccessLogs } from '../access-log/index.js';
import { AFTER_RULES, ALL_PHASES, BEFORE_RULES, networkExtensions } from '../extension/chain.js';
import type { SecurityFilters } from '../http-filter/security.js';
import { tcpStats } from '../http-filter/stats.js';
import { exchangingChain } from '../peer-exchange.js';
import { duration, type Partial } from '../proto.js';
import { inboundRouteConfiguration } from '../route/inbound.js';
import { addresses, capturedWildcards, connectionBalance, listenerName } from './address.js';
import { configMetadata } from './config-metadata.js';
import { mutualTlsSocket } from './downstream-tls.js';
import { httpConnectionManager } from './hcm.js';
import { type InboundChain, inboundChains } from './inbound-chains.js';
import { inspectors, ORIGINAL_DST, ORIGINAL_SRC, type SniffNeeds } from './inspectors.js';
import { listenerProtocol } from './listener-protocol.js';
import { protocolFilters } from './protocol-filters.js';
import type { ListenerSettings } from './settings.js';
import { tcpProxy, toCluster } from './tcp-proxy.js';

/** One workload port, of a service or of a Sidecar's ingress. */
export interface InboundPort {
  readonly targetPort: number;
  readonly servicePort: number;
  readonly protocol: Protocol;
  readonly mode: MutualTlsMode;
  /** Host shown in traces. */
  readonly hostname: string;
  /** Statistics of TCP chains: the cluster's name unless MeshConfig.inboundClusterStatName says otherwise. */
  readonly tcpStatPrefix: string;
  /** Only in names while `bindsToPort` is false. The first is the primary one. */
  readonly binds: readonly string[];
  readonly bindsToPort: boolean;
  /** The Sidecar (`namespace/name`) that declares it. */
  readonly sidecar?: string;
}

export interface InboundPlan {
  /** Ascending by target port, each port once. */
  readonly ports: readonly InboundPort[];
  /** Statistics of the catch-all TCP chains, see {@link InboundPort.tcpStatPrefix}. */
  readonly passthroughStatPrefix: string;
  /** Mode of ports that nobody declares; the catch-all chains follow it (PA-008). */
  readonly passthroughMode: MutualTlsMode;
  /** Undeclared ports with their own mode (PA-003). */
  readonly passthroughPorts: readonly { readonly port: number; readonly mode: MutualTlsMode }[];
  readonly defaultRetries?: HTTPRetry;
  /** In every chain. */
  readonly security: SecurityFilters;
}

/** A set of chains: one workload port, or the catch-all (target port 0 matches every port). */
interface Place {
  readonly targetPort: number;
  readonly mode: MutualTlsMode;
  readonly protocol: Protocol;
  readonly tcpName: string;
  readonly httpName: string;
  /** Filters are one for all chains, unless metrics tell chains with mutual TLS from others. */
  readonly tcp: (mutualTls: boolean) => Partial<Filter>[];
  readonly http: (mutualTls: boolean) => Partial<Filter>[];
  readonly tellsMutualTls: boolean;
  readonly sidecar?: string;
}

type Chain = { readonly needs: SniffNeeds; readonly chain: Partial<FilterChain> };

/** All inbound listeners of the plan; `virtualInbound` first. */
export function translateInboundListeners(plan: InboundPlan, settings: ListenerSettings): Partial<Listener>[] {
  const sockets = { HTTP: mutualTlsSocket(settings, false), TCP: mutualTlsSocket(settings, settings.tcp.peerExchange === true) };
  const chainsOf = (place: Place): Chain[] => filterChains(place, sockets);
  const placeOf = (port: InboundPort): Place => portPlace(port, plan, settings);
  const bound = plan.ports.filter((port) => port.bindsToPort).map((port) => boundListener(port, chainsOf(placeOf(port)), settings));
  if (settings.interceptionMode === 'NONE') return bound;
  const chains = [
    blackhole(settings),
    ...chainsOf(passthroughPlace(0, plan.passthroughMode, plan, settings)),
    ...plan.passthroughPorts.flatMap(({ port, mode }) => chainsOf(passthroughPlace(port, mode, plan, settings))),
    ...plan.ports.filter((port) => !port.bindsToPort).flatMap((port) => chainsOf(placeOf(port))),
  ];
  return [virtualInbound(chains, settings), ...bound];
}

function virtualInbound(chains: readonly Chain[], settings: ListenerSettings): Partial<Listener> {
  const transparent = settings.interceptionMode === 'TPROXY';
  return {
    ...inboundListener(VIRTUAL_INBOUND, capturedWildcards(settings.ipMode), settings.inboundPort, chains, settings),
    ...(transparent ? { transparent } : {}),
    listenerFilters: [ORIGINAL_DST, ...(transparent ? [ORIGINAL_SRC] : []), ...inspectors(chains.map(({ needs }) => needs))],
  };
}

function boundListener(port: InboundPort, chains: readonly Chain[], settings: ListenerSettings): Partial<Listener> {
  return {
    ...inboundListener(listenerName(port.binds[0] as string, port.targetPort), port.binds, port.targetPort, chains, settings),
    listenerFilters: inspectors(chains.map(({ needs }) => needs)),
  };
}

const inboundListener = (
  name: string,
  binds: readonly string[],
  port: number,
  chains: readonly Chain[],
  settings: ListenerSettings,
): Partial<Listener> => ({
  name,
  ...addresses(binds, port),
  trafficDirection: TrafficDirection.INBOUND,
  continueOnListenerFiltersTimeout: true,
  listenerFiltersTimeout: duration(settings.protocolDetectionTimeout),
  maxConnectionsToAcceptPerSocketEvent: 1,
  ...connectionBalance(settings),
  accessLog: listenerAccessLogs(settings.http.accessLogs),
  filterChains: chains.map(({ chain }) => chain),
});

/** Connections to the listener's own port would come back for ever. */
function blackhole({ inboundPort, tcp }: ListenerSettings): Chain {
  return {
    needs: { port: inboundPort, tls: false, http: false },
    chain: {
      name: 'virtualInbound-blackhole',
      filterChainMatch: { destinationPort: inboundPort },
      filters: [...exchangingChain(tcp), ...tcpStats(tcp), tcpProxy({ ...toCluster(BLACK_HOLE_CLUSTER), silent: true }, tcp)],
    },
  };
}

function portPlace(port: InboundPort, plan: InboundPlan, settings: ListenerSettings): Place {
  const clusterName = inboundClusterName(port.targetPort);
  const name = listenerName(port.binds[0] as string, port.targetPort);
  return {
    ...port,
    tcpName: name,
    httpName: name,
    tellsMutualTls: settings.http.self !== undefined,
    tcp: (mutualTls) => [
      ...exchangingChain(settings.tcp),
      ...plan.security.network.custom,
      ...networkExtensions(settings.tcp.extensions, BEFORE_RULES, port.targetPort),
      ...plan.security.network.rules,
      ...networkExtensions(settings.tcp.extensions, AFTER_RULES, port.targetPort),
      ...tcpStats(settings.tcp),
      ...protocolFilters(port.protocol, port.tcpStatPrefix),
      tcpProxy({ to: clusterName, statPrefix: port.tcpStatPrefix, mutualTls }, settings.tcp),
    ],
    http: (mutualTls) => {
      const routes = inboundRouteConfiguration({ ...port, clusterName, defaultRetries: plan.defaultRetries });
      const { protocol, targetPort } = port;
      return [
        ...exchangingChain(settings.tcp),
        ...networkExtensions(settings.http.extensions, ALL_PHASES, targetPort),
        httpConnectionManager(
          { side: 'inbound', statPrefix: `inbound_${name}`, routes, protocol, security: plan.security.http, port: targetPort, mutualTls },
          settings.http,
        ),
      ];
    },
  };
}

function passthroughPlace(targetPort: number, mode: MutualTlsMode, plan: InboundPlan, settings: ListenerSettings): Place {
  const clusterName = INBOUND_PASSTHROUGH_CLUSTER;
  const route = { clusterName, hostname: '', servicePort: 0, protocol: 'Unsupported' as const, defaultRetries: plan.defaultRetries };
  return {
    targetPort,
    mode,
    protocol: 'Unsupported',
    tcpName: VIRTUAL_INBOUND,
    httpName: `${VIRTUAL_INBOUND}-catchall-http`,
    tellsMutualTls: settings.http.self !== undefined,
    tcp: (mutualTls) => [
      ...exchangingChain(settings.tcp),
      ...plan.security.network.custom,
      ...networkExtensions(settings.tcp.extensions, BEFORE_RULES, targetPort),
      ...plan.security.network.rules,
      ...networkExtensions(settings.tcp.extensions, AFTER_RULES, targetPort),
      ...tcpStats(settings.tcp),
      tcpProxy({ to: clusterName, statPrefix: plan.passthroughStatPrefix, mutualTls }, settings.tcp),
    ],
    http: (mutualTls) => [
      ...exchangingChain(settings.tcp),
      ...networkExtensions(settings.http.extensions, ALL_PHASES, targetPort),
      httpConnectionManager(
        {
          side: 'inbound',
          statPrefix: clusterName,
          routes: inboundRouteConfiguration(route),
          protocol: 'Unsupported',
          security: plan.security.http,
          port: targetPort,
          mutualTls,
        },
        settings.http,
      ),
    ],
  };
}

/** The chains of one place by the matrix; filters are made once for the chains that have the same. */
function filterChains(place: Place, sockets: Readonly<Record<'HTTP' | 'TCP', ReturnType<typeof mutualTlsSocket>>>): Chain[] {
  const matrix = inboundChains(place.mode, listenerProtocol(place.protocol));
  const made = new Map<string, Partial<Filter>[]>();
  const filters = (protocol: 'HTTP' | 'TCP', mutualTls: boolean): Partial<Filter>[] => {
    const key = `${protocol} ${mutualTls}`;
    const known = made.get(key) ?? (protocol === 'HTTP' ? place.http(mutualTls) : place.tcp(mutualTls));
    made.set(key, known);
    return known;
  };
  return matrix.map((row) => ({
    needs: { port: place.targetPort, tls: row.transportProtocol === 'tls', http: row.applicationProtocols.includes('h2c') },
    chain: {
      name: row.protocol === 'HTTP' ? place.httpName : place.tcpName,
      filterChainMatch: matchOf(row, place.targetPort),
      filters: filters(row.protocol, place.tellsMutualTls && row.mutualTls),
      ...(row.mutualTls ? { transportSocket: sockets[row.protocol] } : {}),
      ...(place.sidecar === undefined ? {} : { metadata: configMetadata('sidecar', place.sidecar) }),
    },
  }));
}

const matchOf = (row: InboundChain, port: number) => ({
  transportProtocol: row.transportProtocol,
  applicationProtocols: [...row.applicationProtocols],
  ...(port > 0 ? { destinationPort: port } : {}),
});
