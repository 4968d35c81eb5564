/**
 * HTTP routes for a host that speaks no HTTP as far as its ports say (SD-012, VS-001): the routes are never looked at.
 */
import { keyOf } from '../api/resource.js';
import { isDetected, isHttp } from '../model/protocol.js';
import { boundGateways, MESH_GATEWAY } from '../model/virtual-service-names.js';
import { type Check, perRow } from './check.js';
import { rowOf } from './service-row.js';

export const routeProtocols: Check = perRow('route-protocol', 'VirtualService', (context, row) => {
  const spec = context.mesh.virtualServices.get(keyOf(row))?.spec;
  if (spec === undefined || !boundGateways(spec).includes(MESH_GATEWAY) || (spec.http?.length ?? 0) === 0) return [];
  return (spec.hosts ?? []).flatMap((host, index) => {
    const services = context.mesh.services.byHostname(host);
    const ports = services.flatMap((service) => service.ports).filter(({ protocol }) => protocol !== 'UDP');
    if (ports.length === 0 || ports.some(({ protocol }) => isHttp(protocol) || isDetected(protocol))) return [];
    const list = ports.map(({ port, protocol }) => `${port} (${protocol})`).join(', ');
    return {
      severity: 'warning',
      code: 'route-protocol',
      message: `the http part does nothing in sidecars for ${host}: no port of it is HTTP, but ${list}`,
      at: { row, path: ['spec', 'hosts', index] },
      related: services.flatMap((service) => rowOf(context, service) ?? []),
    };
  });
});
