/**
 * NDS: the one name table of a scope (SD-056, SD-057). Pods of headless services are read through an equality cut, so that other endpoint
 * changes cost nothing here.
 */
import { isDeepStrictEqual } from 'node:util';
import { NameTable } from '@envoyproxy/xds-protos/istio/networking/nds/v1/nds.js';
import { sameElements } from '../graph/equality.js';
import type { Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import type { Service } from '../model/service.js';
import { ANY_ADDRESS, reachableAddresses } from '../model/service-addresses.js';
import { type NamedPod, namedPods, nameTable } from '../translate/name-table/name-table.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';

/** The table is all there is of its type, so its name means nothing to anybody. */
const RESOURCE_NAME = 'name-table';

export interface NameTableViews {
  /** The table of an outbound scope, as a chunk of one. */
  chunk(scope: string): readonly EncodedResource[];
}

export function defineNameTableViews(mesh: Mesh): NameTableViews {
  const { graph, sidecarScopes } = mesh;

  /** Key: `network|cluster|service key`. */
  const pods = graph.query(
    'namedPods',
    (key: string): readonly NamedPod[] => {
      const [network = '', clusterId = '', ...rest] = key.split('|');
      const service = mesh.services.get(rest.join('|'));
      if (service === undefined) return [];
      const endpoints = service.ports.flatMap((port) => mesh.endpoints.of(service.key, port.name));
      return namedPods(endpoints, { network, clusterId }, service.publishNotReadyAddresses);
    },
    { equals: isDeepStrictEqual },
  );
  const podsOf = (scope: OutboundScope, service: Service, addresses: readonly string[]): readonly NamedPod[] =>
    service.resolution === 'Passthrough' && addresses[0] === ANY_ADDRESS ? pods.get(`${scope.network}|${scope.clusterId}|${service.key}`) : [];

  /** Key: scope. */
  const table = graph.query(
    'nameTable',
    (id: string): EncodedResource => {
      const scope = scopeOf<OutboundScope>(id);
      const services = sidecarScopes.egressListeners(scope).flatMap(({ index }) => sidecarScopes.servicesOf(scope, index));
      const named = services.map((service) => {
        const addresses = reachableAddresses(service, scope);
        return { service, addresses, pods: podsOf(scope, service, addresses) };
      });
      return encodeResource(NameTable, RESOURCE_NAME, nameTable(named));
    },
    { equals: sameResource },
  );
  const chunk = graph.query('nameTableChunk', (id: string): readonly EncodedResource[] => [table.get(id)], { equals: sameElements });

  return { chunk: (scope) => chunk.get(scope) };
}
