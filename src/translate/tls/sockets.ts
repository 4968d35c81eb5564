/**
 * Transport sockets that are the same everywhere: plain text, and the PROXY protocol around another socket (DR-028).
 */
import type { TransportSocket } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { ProxyProtocolConfig_Version } from '@envoyproxy/xds-protos/envoy/config/core/v3/proxy_protocol.js';
import { ProxyProtocolUpstreamTransport } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol.js';
import { RawBuffer } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.js';
import { toAny } from '../proto.js';

/** Plain text, as a socket of its own: needed where a match must choose it. The name is free: Envoy goes by the type. */
export const rawBufferSocket = (name = 'envoy.transport_sockets.raw_buffer'): TransportSocket => ({
  name,
  configType: { $case: 'typedConfig', value: toAny(RawBuffer, {}) },
});

/** Sends the PROXY protocol's header before `inner`. */
export const proxyProtocolSocket = (inner: TransportSocket, version: 'V1' | 'V2' | undefined): TransportSocket => ({
  name: 'envoy.transport_sockets.upstream_proxy_protocol',
  configType: {
    $case: 'typedConfig',
    value: toAny(ProxyProtocolUpstreamTransport, {
      config: { version: version === 'V2' ? ProxyProtocolConfig_Version.V2 : ProxyProtocolConfig_Version.V1 },
      transportSocket: inner,
    }),
  },
});
