/**
 * EDS: one load assignment per cluster name, shared by all clients that see it alike.
 */
import { ClusterLoadAssignment } from '@envoyproxy/xds-protos/envoy/config/endpoint/v3/endpoint.js';
import type { Mesh } from '../model/mesh.js';
import { outboundClusterName, outboundSni, parseOutboundName } from '../model/names.js';
import { type EndpointScope, type OutboundScope, scopeOf } from '../model/scope.js';
import { translateLoadAssignment } from '../translate/endpoint/load-assignment.js';
import { grpcLoadAssignment } from '../translate/grpc/load-assignment.js';
import { type AssignmentInputs, defineAssignmentInputs } from './assignment-inputs.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import { formatKey, parseKey } from './subset-key.js';

export interface EndpointViews {
  /** Always one: a name that means nothing has no endpoints (XD-010). */
  loadAssignment(endpointScope: string, clusterName: string): EncodedResource;
}

const inputsOf = new WeakMap<Mesh, AssignmentInputs>();

/** Clusters and endpoints are made from the same inputs; one set of queries per mesh. */
export function assignmentInputs(mesh: Mesh): AssignmentInputs {
  const inputs = inputsOf.get(mesh) ?? defineAssignmentInputs(mesh);
  inputsOf.set(mesh, inputs);
  return inputs;
}

export function defineEndpointViews(mesh: Mesh): EndpointViews {
  const inputs = assignmentInputs(mesh);

  /** Key: service, port, subset, rules, client slice, kind of name. */
  const shared = mesh.graph.query(
    'loadAssignment',
    (text: string): EncodedResource | undefined => {
      const { key, rest } = parseKey(text);
      const [client = '', kind = ''] = rest;
      const input = inputs.input(key, client, kind === 'sni');
      if (input === undefined) return undefined;
      const name = (kind === 'sni' ? outboundSni : outboundClusterName)(input.service.hostname, key.port, key.subset);
      const assignment = translateLoadAssignment(name, input);
      return encodeResource(ClusterLoadAssignment, name, kind === 'grpc' ? grpcLoadAssignment(assignment) : assignment);
    },
    { equals: sameResource },
  );
  const empty = mesh.graph.query(
    'emptyLoadAssignment',
    (clusterName: string): EncodedResource => ({ ...encodeResource(ClusterLoadAssignment, clusterName, { clusterName }), isStandIn: true }),
    {
      equals: sameResource,
    },
  );

  /** Key of the shared assignment that a name means for a scope; undefined for none. */
  const choice = mesh.graph.query('loadAssignmentChoice', (text: string): string | undefined => {
    const at = text.indexOf('\t');
    const clusterName = text.slice(at + 1);
    const name = parseOutboundName(clusterName);
    if (name === undefined) return undefined;
    const scope = scopeOf<EndpointScope>(text.slice(0, at));
    const outbound = scopeOf<OutboundScope>(scope.outbound);
    const service = mesh.sidecarScopes.service(outbound, name.hostname);
    // Endpoints of DNS services are part of their clusters.
    if (service === undefined || service.resolution === 'DNS' || service.resolution === 'DNSRoundRobin') return undefined;
    const key = { service: service.key, port: name.port, subset: name.subset, rules: mesh.destinationRules.selectKeys(outbound, service) };
    const kind = clusterName.startsWith('outbound_.') ? 'sni' : (outbound.generator ?? '');
    return formatKey(key, inputs.clientOf(scope, service, key), kind);
  });

  return {
    loadAssignment(endpointScope, clusterName) {
      const chosen = choice.get(`${endpointScope}\t${clusterName}`);
      return (chosen === undefined ? undefined : shared.get(chosen)) ?? empty.get(clusterName);
    },
  };
}
