/**
 * `istio.metadata_exchange`, in Istio's own Envoy: peers tell each other what they are in the headers `x-envoy-peer-metadata`, for metrics
 * (TE-018). Servers answer only who asked. With proxyHeaders.metadataExchangeHeaders IN_MESH clients tell nothing to clusters that are marked
 * external, nor where nobody knows the destination (PC-013). A stock Envoy has peer-header.ts, which never tells strangers.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig-ProxyHeaders-MetadataExchangeHeaders
 */
import { TypedStruct } from '@envoyproxy/xds-protos/udpa/type/v1/typed_struct.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

const filter = (value: Readonly<Record<string, unknown>>) => ({
  name: 'istio.metadata_exchange',
  configType: {
    $case: 'typedConfig' as const,
    value: toAny(TypedStruct, { typeUrl: 'type.googleapis.com/io.istio.http.peer_metadata.Config', value: { ...value } }),
  },
});

const DISCOVERY = [{ istio_headers: {} }, { workload_discovery: {} }];
const SERVER = filter({ downstream_discovery: DISCOVERY, downstream_propagation: [{ istio_headers: {} }] });
const CLIENT = filter({ upstream_discovery: DISCOVERY, upstream_propagation: [{ istio_headers: {} }] });
const DISCREET_CLIENT = filter({ upstream_discovery: DISCOVERY, upstream_propagation: [{ istio_headers: { skip_external_clusters: true } }] });

export const metadataExchange: HttpFilter = ({ side, istioFilters = [], hidesFromStrangers = false }) => {
  if (!istioFilters.includes('peer_metadata')) return undefined;
  if (side === 'inbound') return SERVER;
  return hidesFromStrangers ? DISCREET_CLIENT : CLIENT;
};
