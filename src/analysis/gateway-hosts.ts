/** Hosts of a VirtualService that none of its Gateways takes (GW-021): its routes for them are never used. */
import { keyOf } from '../api/resource.js';
import { hostsOverlap } from '../model/hosts.js';
import { boundGateways, MESH_GATEWAY } from '../model/virtual-service-names.js';
import { type Check, perRow } from './check.js';

export const gatewayHosts: Check = perRow('gateway-host', 'VirtualService', ({ mesh }, row) => {
  const spec = mesh.virtualServices.get(keyOf(row))?.spec;
  if (spec === undefined) return [];
  const bound = boundGateways(spec);
  const gateways = bound.flatMap((key) => (key === MESH_GATEWAY ? [] : (mesh.rows.of('Gateway').get(key) ?? [])));
  // One that is missing could have had the host; that it is missing is told elsewhere.
  if (gateways.length === 0 || gateways.length < bound.filter((key) => key !== MESH_GATEWAY).length) return [];
  const taken = gateways.flatMap((gateway) =>
    (gateway.spec.servers ?? []).flatMap((server) => server.hosts.map((host) => split(host, gateway.metadata.namespace))),
  );
  return (spec.hosts ?? []).flatMap((host, index) => {
    if (taken.some((one) => (one.namespace === '*' || one.namespace === row.metadata.namespace) && hostsOverlap(host, one.host))) return [];
    // For sidecars: the host of a service beside the one that is published.
    if (bound.includes(MESH_GATEWAY) && mesh.services.byHostname(host).length > 0) return [];
    const otherwise = taken.some((one) => hostsOverlap(host, one.host)) ? ' from this namespace' : '';
    return {
      severity: 'warning',
      code: 'host-not-at-gateway',
      message: `no server of Gateway ${gateways.map(keyOf).join(', ')} takes host ${host}${otherwise}`,
      at: { row, path: ['spec', 'hosts', index] },
      related: gateways.map((gateway) => ({ row: gateway, path: ['spec', 'servers'] })),
    };
  });
});

/** `ns/host`, `./host` for the own namespace, or a bare host, which is for every namespace. */
function split(text: string, own: string): { readonly namespace: string; readonly host: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: '*', host: text };
  const namespace = text.slice(0, slash);
  return { namespace: namespace === '.' ? own : namespace, host: text.slice(slash + 1) };
}
