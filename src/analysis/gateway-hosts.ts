/** Hosts of a VirtualService that none of its Gateways takes (GW-021): its routes for them are never used. */
import { keyOf } from '../api/resource.js';
import { boundGateways, MESH_GATEWAY } from '../model/virtual-service-names.js';
import { type Check, perRow } from './check.js';
import { admits } from './gateway-admits.js';

export const gatewayHosts: Check = perRow('gateway-host', 'VirtualService', ({ mesh }, row) => {
  const spec = mesh.virtualServices.get(keyOf(row))?.spec;
  if (spec === undefined) return [];
  const bound = boundGateways(spec);
  const gateways = bound.flatMap((key) => (key === MESH_GATEWAY ? [] : (mesh.rows.of('Gateway').get(key) ?? [])));
  // One that is missing could have had the host; that it is missing is told elsewhere.
  if (gateways.length === 0 || gateways.length < bound.filter((key) => key !== MESH_GATEWAY).length) return [];
  return (spec.hosts ?? []).flatMap((host, index) => {
    if (gateways.some((gateway) => admits(gateway, host, row.metadata.namespace))) return [];
    // For sidecars: the host of a service beside the one that is published.
    if (bound.includes(MESH_GATEWAY) && mesh.services.byHostname(host).length > 0) return [];
    const otherwise = gateways.some((gateway) => admits(gateway, host)) ? ' from this namespace' : '';
    return {
      severity: 'warning',
      code: 'host-not-at-gateway',
      message: `no server of Gateway ${gateways.map(keyOf).join(', ')} takes host ${host}${otherwise}`,
      at: { row, path: ['spec', 'hosts', index] },
      related: gateways.map((gateway) => ({ row: gateway, path: ['spec', 'servers'] })),
    };
  });
});
