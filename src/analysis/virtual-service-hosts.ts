/** Hosts of VirtualServices for sidecars that no service has (VS-001): such a host is known to HTTP on port 80 only. */
import { hostIsWithin, isWildcard } from '../model/hosts.js';
import { boundGateways, MESH_GATEWAY, resolveNames } from '../model/virtual-service-names.js';
import { type Check, perRow } from './check.js';

export const virtualServiceHosts: Check = perRow('virtual-service-host', 'VirtualService', ({ mesh, domain, lookups }, row) => {
  const { hosts = [] } = resolveNames(row.spec, row.metadata.namespace, domain);
  const gateways = boundGateways(row.spec);
  if (!gateways.includes(MESH_GATEWAY)) return [];
  return hosts.flatMap((host, index) => {
    if (mesh.services.byHostname(host).length > 0) return [];
    if (lookups.hostnames().some((name) => hostIsWithin(name, host) || (isWildcard(name) && hostIsWithin(host, name)))) return [];
    const isKubernetes = host.endsWith(`.svc.${domain}`);
    // What a gateway publishes is often no service's name.
    if (!isKubernetes && gateways.length > 1) return [];
    return [
      {
        severity: isKubernetes ? 'warning' : 'info',
        code: 'unknown-host',
        message: `no service has the host ${host}: sidecars use this for HTTP on port 80 only`,
        at: { row, path: ['spec', 'hosts', index] },
      },
    ];
  });
});
