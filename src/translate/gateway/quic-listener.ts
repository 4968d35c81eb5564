/**
 * HTTP/3 (GW-027): the HTTPS servers of a gateway once more, on the UDP port of the same number. Names and routes are those of the TCP listener.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http3
 */
import { SocketAddress_Protocol as SocketProtocol } from '@envoyproxy/xds-protos/envoy/config/core/v3/address.js';
import { TrafficDirection, type TransportSocket } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import { QuicDownstreamTransport } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/quic/v3/quic_transport.js';
import type { DownstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import { addresses, capturedWildcards, listenerName } from '../listener/address.js';
import { type Partial, toAny } from '../proto.js';
import { type ChainContext, http3Chains } from './chains.js';
import { type GatewayListenerInput, settings, translateChain } from './listener.js';

/** `udp_0.0.0.0_8443`; undefined without servers. */
export function translateQuicListener(
  { bind, port, ipMode, servers }: Omit<GatewayListenerInput, 'exactBalance'>,
  context: Omit<ChainContext, 'listener'>,
): Partial<Listener> | undefined {
  const binds = bind === '' ? capturedWildcards(ipMode) : [bind];
  const name = `udp_${listenerName(binds[0] as string, port)}`;
  const chains = http3Chains(servers, { ...context, listener: name });
  if (chains.length === 0) return undefined;
  return {
    name,
    ...addresses(binds, port, SocketProtocol.UDP),
    trafficDirection: TrafficDirection.OUTBOUND,
    udpListenerConfig: { quicOptions: {}, downstreamSocketConfig: {} },
    filterChains: chains.map((chain) => translateChain(chain, quicSocket)),
    ...settings(context),
  };
}

const quicSocket = (downstreamTlsContext: Partial<DownstreamTlsContext>): Partial<TransportSocket> => ({
  name: 'envoy.transport_sockets.quic',
  configType: { $case: 'typedConfig', value: toAny(QuicDownstreamTransport, { downstreamTlsContext }) },
});
