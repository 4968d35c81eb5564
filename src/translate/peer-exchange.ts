/**
 * Metadata exchange over byte streams, in Istio's own Envoy (TE-018): both ends offer `istio-peer-exchange` by ALPN, and where they agree each begins
 * the connection with what it is. The client's part is a filter of its clusters, the server's is first in chains that may end mutual TLS.
 * Who has no such filter must not offer the name: its application would be sent the bytes.
 */
import { TypedStruct } from '@envoyproxy/xds-protos/udpa/type/v1/typed_struct.js';
import { toAny } from './proto.js';

export const PEER_EXCHANGE = 'istio-peer-exchange';

const name = 'istio.metadata_exchange';
const config = toAny(TypedStruct, {
  typeUrl: 'type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange',
  value: { protocol: PEER_EXCHANGE, enable_discovery: true },
});

/** `filters` of a cluster. */
export const exchangingCluster = (exchanges: boolean) => (exchanges ? { filters: [{ name, typedConfig: config }] } : {});

/** The begin of a filter chain. */
export const exchangingChain = ({ peerExchange }: { readonly peerExchange?: true }) =>
  peerExchange === true ? [{ name, configType: { $case: 'typedConfig' as const, value: config } }] : [];
