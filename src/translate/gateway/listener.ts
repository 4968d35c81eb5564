/**
 * One listener of a gateway (envoy-shapes §11): no default chain, so that an unknown SNI is reset; a real port, shared evenly by workers.
 */
import { TrafficDirection, type TransportSocket } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { FilterChain, ListenerFilter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { ProxyProtocol } from '@envoyproxy/xds-protos/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.js';
import type { DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { GatewayServer } from '../../model/mesh.js';
import type { IpMode } from '../../model/proxy.js';
import { listenerAccessLogs } from '../access-log/index.js';
import { addresses, capturedWildcards, connectionBalance, listenerName } from '../listener/address.js';
import { bufferLimit } from '../listener/connection-settings.js';
import { tlsSocket } from '../listener/downstream-tls.js';
import { translateMatch } from '../listener/filter-chain-match.js';
import { TLS_INSPECTOR } from '../listener/inspectors.js';
import { duration, type Partial, toAny } from '../proto.js';
import { type ChainContext, type GatewayChain, gatewayChains } from './chains.js';

/** Limits what a client can hold open with a handshake that never ends (GW-034). */
const CONNECT_TIMEOUT = duration('15s');

/** The load balancer in front tells the client's address in a header of its own before any other byte (GW-028). */
const PROXY_PROTOCOL: Partial<ListenerFilter> = {
  name: 'envoy.filters.listener.proxy_protocol',
  configType: { $case: 'typedConfig', value: toAny(ProxyProtocol, {}) },
};

export interface GatewayListenerInput {
  /** '' binds to all addresses. */
  readonly bind: string;
  readonly port: number;
  readonly ipMode: IpMode;
  readonly servers: readonly GatewayServer[];
  readonly exactBalance?: true;
}

/** undefined when nothing is behind any server: a listener without chains is an error to Envoy. */
export function translateGatewayListener(
  { bind, port, ipMode, servers, ...balance }: GatewayListenerInput,
  context: Omit<ChainContext, 'listener'>,
): Partial<Listener> | undefined {
  const binds = bind === '' ? capturedWildcards(ipMode) : [bind];
  const name = listenerName(binds[0] as string, port);
  const chains = gatewayChains(servers, { ...context, listener: name });
  if (chains.length === 0) return undefined;
  const sniffsTls = chains.some(({ match, tls }) => match.serverNames.length > 0 || tls !== undefined);
  return {
    name,
    ...addresses(binds, port),
    trafficDirection: TrafficDirection.OUTBOUND,
    listenerFilters: [...(context.topology.proxyProtocol === undefined ? [] : [PROXY_PROTOCOL]), ...(sniffsTls ? [TLS_INSPECTOR] : [])],
    filterChains: chains.map((chain) => translateChain(chain, tlsSocket)),
    ...connectionBalance(balance),
    ...settings(context),
  };
}

/** What listeners of gateways have in common, over TCP and over QUIC. */
export function settings({ http, tcp }: Pick<ChainContext, 'http' | 'tcp'>): Partial<Listener> {
  const perConnectionBufferLimitBytes = bufferLimit(http.connection);
  return {
    maxConnectionsToAcceptPerSocketEvent: 1,
    ...(perConnectionBufferLimitBytes === undefined ? {} : { perConnectionBufferLimitBytes }),
    accessLog: listenerAccessLogs(tcp.accessLogs),
  };
}

export function translateChain(
  { match, tls, filters }: GatewayChain,
  socket: (context: Partial<DownstreamTlsContext>) => Partial<TransportSocket>,
): Partial<FilterChain> {
  const filterChainMatch = translateMatch(match);
  return {
    ...(filterChainMatch === undefined ? {} : { filterChainMatch }),
    ...(tls === undefined ? {} : { transportSocket: socket(tls) }),
    filters: [...filters],
    transportSocketConnectTimeout: CONNECT_TIMEOUT,
  };
}
