/**
 * Where a Gateway is reached: addresses of the Services in front of its proxies, and what is wrong with them (GA-026). Read through the graph.
 * A load balancer's addresses go before the names that only the cluster knows.
 */

import { loadBalancerAddresses } from '../model/external-addresses.js';
import type { Mesh } from '../model/mesh.js';
import type { Service } from '../model/service.js';

export interface GatewayAddresses {
  /** `host:port` of Services that have endpoints for the port, sorted. */
  readonly assigned: readonly string[];
  /** Cluster addresses of those Services. */
  readonly clusterIps: readonly string[];
  /** From outside the cluster. */
  readonly external: readonly string[];
  /** Services whose load balancer is still being made. */
  readonly pending: readonly string[];
  /** Why ports are not reached, sorted. */
  readonly faults: readonly string[];
  /** Waiting is not enough: the Service or its port is not there. */
  readonly isUnusable: boolean;
}

/** Of the named Services in one namespace, for the ports of a Gateway's listeners. */
export function gatewayAddresses(mesh: Mesh, namespace: string, hostnames: readonly string[], ports: readonly number[]): GatewayAddresses {
  const [assigned, clusterIps, external, pending] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  const faults = new Set<string>();
  let isUnusable = false;
  for (const hostname of hostnames) {
    const known = mesh.services.byHostname(hostname);
    const service = known.find((one) => one.namespace === namespace);
    if (service === undefined) {
      isUnusable = true;
      const elsewhere = known.map((one) => one.namespace).sort();
      faults.add(
        elsewhere.length === 0
          ? `hostname "${hostname}" not found`
          : `hostname "${hostname}" not found in namespace "${namespace}", but in ${elsewhere.join(', ')}`,
      );
      continue;
    }
    const outside = externalAddresses(mesh, service);
    for (const port of new Set(ports)) {
      const own = service.ports.find((one) => one.port === port);
      if (own !== undefined && mesh.endpoints.of(service.key, own.name).length > 0) {
        assigned.add(`${hostname}:${port}`);
        for (const address of service.addresses) clusterIps.add(address);
        for (const address of outside) external.add(address);
        if (outside.length === 0 && typeOf(mesh, service) === 'LoadBalancer') {
          pending.add(hostname);
          faults.add(`address pending for hostname "${hostname}"`);
        }
      } else if (own !== undefined || !hasEndpoints(mesh, service)) {
        faults.add(`no instances found for hostname "${hostname}"`);
      } else {
        isUnusable = true;
        faults.add(`port ${port} not found for hostname "${hostname}"${hint(service, port)}`);
      }
    }
  }
  const sorted = (set: ReadonlySet<string>): readonly string[] => [...set].sort();
  return {
    assigned: sorted(assigned),
    clusterIps: sorted(clusterIps),
    external: sorted(external),
    pending: sorted(pending),
    faults: sorted(faults),
    isUnusable,
  };
}

const hasEndpoints = (mesh: Mesh, { key, ports }: Service): boolean => ports.some(({ name }) => mesh.endpoints.of(key, name).length > 0);

/** Ports of the workload are easily taken for those of the Service. */
function hint({ ports }: Service, port: number): string {
  const meant = ports.filter(({ targetPort }) => targetPort === port).map((one) => one.port);
  return meant.length === 0 ? '' : ` (${port} is a port of the workload; the Service has it as ${meant.join(', ')})`;
}

const typeOf = (mesh: Mesh, { from }: Service): string | undefined => mesh.rows.of('Service').get(from.key)?.spec.type;

/** Of all clusters that have the Service. */
function externalAddresses(mesh: Mesh, { from, clusters, namespace, name }: Service): readonly string[] {
  if (from.kind !== 'Service') return [];
  const remote = (clusters ?? []).flatMap((one) => (one.remote === undefined ? [] : [`${one.remote}/${namespace}/${name}`]));
  return [...new Set([from.key, ...remote])].flatMap((key) => {
    const row = mesh.rows.of('Service').get(key);
    return row === undefined ? [] : [...loadBalancerAddresses(row), ...(row.spec.externalIPs ?? [])];
  });
}
