/** Which Gateways have routes to a policy's targets: ancestors of BackendTLSPolicies. */
import type { Kind } from '../api/kinds.js';
import type { Resource } from '../api/resource.js';
import type { Collection } from '../graph/graph.js';
import { GATEWAY, parentKind } from '../model/gateway-api/define-placements.js';
import { ROUTE_KINDS } from '../model/gateway-api/define-routes.js';
import { kindOf, namespaceOf, SERVICE } from '../model/gateway-api/references.js';
import type { BackendTlsRow, RouteRow } from '../model/gateway-api/types.js';
import type { Mesh } from '../model/mesh.js';

/** Keys of Gateways of ours, sorted. */
export function definePolicyGateways({ rows, derived }: Mesh): (row: BackendTlsRow) => readonly string[] {
  const indexes = ROUTE_KINDS.map((kind: Kind) =>
    (rows.of(kind) as unknown as Collection<RouteRow & Resource>).index('backendService', backendServices),
  );
  return ({ metadata, spec }) => {
    const gateways = new Set<string>();
    for (const target of spec.targetRefs ?? []) {
      if (kindOf(target, { group: '', kind: '' }) !== SERVICE) continue;
      for (const index of indexes)
        for (const row of index.get(`${metadata.namespace}/${target.name}`).values())
          for (const ref of row.spec.parentRefs ?? []) {
            const key = `${namespaceOf(ref, row.metadata.namespace)}/${ref.name}`;
            if (parentKind(ref) === GATEWAY && derived.gatewayApi.gateway(key)?.role === 'served') gateways.add(key);
          }
    }
    return [...gateways].sort();
  };
}

function backendServices({ metadata, spec }: RouteRow): readonly string[] {
  const refs = (spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs);
  return [
    ...new Set(
      refs.flatMap((ref) => (kindOf(ref, { group: '', kind: 'Service' }) === SERVICE ? [`${namespaceOf(ref, metadata.namespace)}/${ref.name}`] : [])),
    ),
  ];
}
