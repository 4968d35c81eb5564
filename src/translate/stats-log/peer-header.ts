/**
 * How workloads with stock Envoys tell each other who they are (TE-018): a request header that only Envoys of the mesh see. It says nothing that a
 * certificate proves: namespace and service account are never read from it. Its value is a struct in protobuf, in base64, as
 * `header_to_metadata` reads it. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/header_to_metadata_filter
 */
import { Value } from '@envoyproxy/xds-protos/google/protobuf/struct.js';
import { UNKNOWN, type WorkloadFacts } from './workload-facts.js';

export const PEER_HEADER = 'x-mizzen-peer';

/** Namespaces of dynamic metadata: what this proxy would say of itself, and what its peer said. Both have one key. */
export const SELF = 'mizzen.self';
export const PEER = 'mizzen.peer';
export const NOTE = 'note';

/** The header's value. */
export const encodePeer = (facts: WorkloadFacts): string => {
  const said = Object.fromEntries(Object.entries(facts).filter(([name]) => name !== 'namespace'));
  return Buffer.from(Value.encode(Value.wrap(said)).finish()).toString('base64');
};

/** What stands for a client of the mesh that sends none. */
export const UNKNOWN_PEER = encodePeer({
  name: UNKNOWN,
  namespace: UNKNOWN,
  app: UNKNOWN,
  version: UNKNOWN,
  canonical_service: UNKNOWN,
  canonical_revision: UNKNOWN,
  cluster: UNKNOWN,
});
