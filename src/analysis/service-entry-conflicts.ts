/**
 * ServiceEntries for a hostname that another service has too (SD-049, SD-050): clients in a service's namespace prefer it; for others Kubernetes wins, then
 * the oldest. Entries of one namespace that differ in their ports only are merged and no conflict.
 */
import type { ServiceEntry } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import type { Service } from '../model/service.js';
import { mergeByHostname } from '../model/service-merge.js';
import { type Check, type Context, type Draft, nameOf, perRow } from './check.js';
import { rowOf } from './service-row.js';

export const serviceEntryConflicts: Check = perRow('service-entry-conflict', 'ServiceEntry', (context, row) =>
  (row.spec.hosts ?? []).flatMap((host, index) => conflict(context, row, host.toLowerCase(), index) ?? []),
);

function conflict(context: Context, row: ServiceEntry, host: string, index: number): Draft | undefined {
  const all = context.mesh.services.byHostname(host);
  const own = all.find((service) => isFrom(service, row));
  if (own === undefined) return undefined;
  for (const winner of all.slice(0, all.indexOf(own))) {
    if (isFrom(winner, row) || !meet(winner, own)) continue;
    const spot = rowOf(context, winner);
    if (spot === undefined) continue;
    const clients = winner.namespace === own.namespace ? '' : ` outside namespace ${own.namespace}`;
    const ports = lostPorts(winner, own);
    if (ports === undefined) continue;
    const why = winner.registry === 'Kubernetes' ? 'is a Kubernetes Service' : 'is older';
    const message = `clients${clients} do not use ${ports} for ${host}: ${nameOf(spot.row)} has the same host and ${why}`;
    return { severity: 'warning', code: 'duplicate-host', message, at: { row, path: ['spec', 'hosts', index] }, winner: spot };
  }
  return undefined;
}

/** What of the second one is lost when both are merged; undefined for nothing. */
function lostPorts(winner: Service, loser: Service): string | undefined {
  if (winner.namespace !== loser.namespace) return 'this';
  const [merged] = mergeByHostname([winner, loser]);
  if (merged === winner || merged === undefined) return 'this';
  const twice = loser.ports.filter((port) => winner.ports.some((other) => other.port === port.port)).map(({ port }) => port);
  return twice.length === 0 ? undefined : `port ${twice.join(', ')} of this`;
}

const isFrom = ({ from }: Service, row: ServiceEntry): boolean => from.kind === 'ServiceEntry' && from.key === keyOf(row);

/** Somebody sees both, beyond a namespace that keeps its own for itself. */
function meet(a: Service, b: Service): boolean {
  if (a.visibility.to === 'none' || b.visibility.to === 'none') return false;
  if (a.visibility.to === 'all') return b.visibility.to === 'all' || a.namespace === b.namespace;
  if (b.visibility.to === 'all') return a.namespace === b.namespace;
  const { namespaces } = b.visibility;
  return [...a.visibility.namespaces].some((namespace) => namespaces.has(namespace));
}
