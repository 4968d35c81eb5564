/**
 * A load assignment as gRPC libraries take it: one endpoint that they cannot use makes them refuse all of it (XD-025).
 * https://github.com/grpc/proposal/blob/master/A27-xds-global-load-balancing.md, A88 (what is refused)
 */
import type { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import type { LbEndpoint } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint_components.js';
import type { Partial } from '../proto.js';

/** Without sockets that are files, without addresses that were there before, and without what chooses Envoy's transport socket. */
export function grpcLoadAssignment(assignment: Partial<ClusterLoadAssignment>): Partial<ClusterLoadAssignment> {
  const seen = new Set<string>();
  const isNew = (endpoint: Partial<LbEndpoint>): boolean => {
    const at = socketAddress(endpoint);
    if (at === undefined || seen.has(at)) return false;
    seen.add(at);
    return true;
  };
  return {
    ...assignment,
    endpoints: (assignment.endpoints ?? []).map((locality) => ({
      ...locality,
      lbEndpoints: (locality.lbEndpoints ?? []).filter(isNew).map(withoutTlsMatch),
    })),
  };
}

function socketAddress(endpoint: Partial<LbEndpoint>): string | undefined {
  if (endpoint.hostIdentifier?.$case !== 'endpoint') return undefined;
  const address = endpoint.hostIdentifier.value?.address?.address;
  if (address?.$case !== 'socketAddress') return undefined;
  const port = address.value?.portSpecifier;
  return port?.$case === 'portValue' ? `${address.value?.address} ${port.value}` : undefined;
}

function withoutTlsMatch(endpoint: Partial<LbEndpoint>): Partial<LbEndpoint> {
  const { 'envoy.transport_socket_match': _, ...filterMetadata } = endpoint.metadata?.filterMetadata ?? {};
  return { ...endpoint, metadata: { filterMetadata } };
}
