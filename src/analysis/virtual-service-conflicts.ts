/**
 * Two VirtualServices for one host (VS-006). In sidecars the first one takes all HTTP and TCP of the host: own private ones before those exported to the
 * namespace before public ones, and the oldest of each. At gateways they are merged, which unreachable-routes looks at.
 */
import type { VirtualService } from '../api/istio.js';
import type { Visibility } from '../model/service.js';
import { boundGateways, MESH_GATEWAY, resolveNames } from '../model/virtual-service-names.js';
import { isVisibleTo } from '../model/visibility.js';
import { type Check, type Context, type Draft, nameOf, type Spot } from './check.js';

export const virtualServiceConflicts: Check = {
  name: 'virtual-service-conflict',
  subjects: ({ lookups }) => lookups.virtualServiceHosts(),
  examine(context, host) {
    const rows = context.lookups.virtualServicesOf(host).filter((row) => boundGateways(row.spec).includes(MESH_GATEWAY));
    return rows.flatMap((loser) => conflict(context, host, rows, loser) ?? []);
  },
};

/** The VirtualService that takes the host from `loser`, if there is one of the same visibility: what overrides on purpose is no conflict. */
function conflict(context: Context, host: string, rows: readonly VirtualService[], loser: VirtualService): Draft | undefined {
  const { lookups } = context;
  const own = lookups.visibilityOf(loser);
  for (const winner of rows) {
    if (winner === loser) continue;
    const what = shared(winner, loser);
    const where =
      what === undefined ? undefined : losesIn(lookups.visibilityOf(winner), winner, own, loser, rows.indexOf(winner) < rows.indexOf(loser));
    if (what === undefined || where === undefined) continue;
    const scope = where === 'everywhere' ? 'in sidecars' : `in sidecars of namespace ${where}`;
    const why = rows.indexOf(winner) < rows.indexOf(loser) ? 'is older' : 'belongs to that namespace';
    const message = `${scope} the ${what} of this does nothing for host ${host}: ${nameOf(winner)} has the same host and ${why}`;
    return { severity: 'warning', code: 'virtual-service-conflict', message, at: spot(context, loser, host), winner: spot(context, winner, host) };
  }
  return undefined;
}

/** The part that only one VirtualService can have; TLS routes of several are joined. */
function shared(a: VirtualService, b: VirtualService): string | undefined {
  const both = (['http', 'tcp'] as const).filter((part) => (a.spec[part]?.length ?? 0) > 0 && (b.spec[part]?.length ?? 0) > 0);
  return both.length === 0 ? undefined : `${both.join(' and ')} part`;
}

function losesIn(winners: Visibility, winner: VirtualService, losers: Visibility, loser: VirtualService, older: boolean): string | undefined {
  if (winners.to === 'all' && losers.to === 'all') return older ? 'everywhere' : undefined;
  if (winners.to !== 'namespaces' || losers.to !== 'namespaces') return undefined;
  return [...losers.namespaces].sort().find((namespace) => {
    if (!isVisibleTo(winners, namespace)) return false;
    const [isOwn, isOther] = [winner.metadata.namespace === namespace, loser.metadata.namespace === namespace];
    return isOwn === isOther ? older : isOwn;
  });
}

/** Two hosts of one VirtualService can mean the same; the first is shown. */
function spot({ domain }: Context, row: VirtualService, host: string): Spot {
  const index = (resolveNames(row.spec, row.metadata.namespace, domain).hosts ?? []).indexOf(host);
  return { row, path: index < 0 ? [] : ['spec', 'hosts', index] };
}
