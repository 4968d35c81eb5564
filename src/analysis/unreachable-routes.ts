/**
 * Routes that no request reaches (VS-005, VS-006): behind a catch-all, below an earlier prefix, or told twice, in one VirtualService with its
 * delegates filled in, and at gateways also behind those of an older VirtualService for the same host, where both are merged.
 */
import type { HTTPMatchRequest, HTTPRoute, VirtualService } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import { boundGateways, MESH_GATEWAY } from '../model/virtual-service-names.js';
import { isVisibleTo } from '../model/visibility.js';
import { type Check, type Context, type Draft, nameOf, perRow, type Spot } from './check.js';
import { admits } from './gateway-admits.js';
import { covers, takesEverything } from './match-cover.js';
import { MatchIndex } from './match-index.js';

/** One match of one route, in order. A route without matches is one that takes everything. */
interface Step {
  readonly match: HTTPMatchRequest;
  readonly at: Spot;
  readonly route: number;
  readonly label: string;
}

export const unreachableRoutes: Check = perRow('unreachable-route', 'VirtualService', (context, row) => {
  const resolved = context.mesh.virtualServices.get(keyOf(row));
  if (resolved === undefined) return [];
  const gateways = boundGateways(resolved.spec);
  const steps = stepsOf(row, resolved.spec.http ?? []);
  return [...within(row, steps, gateways), ...byteStreams(row), ...acrossAtGateways(context, row, resolved, steps)];
});

/** Matches that are compared for one VirtualService, whose author may have made it for this. */
const MAX_COMPARED = 3_000_000;

function within(row: VirtualService, steps: readonly Step[], gateways: readonly string[]): readonly Draft[] {
  const drafts: Draft[] = [];
  const index = new MatchIndex<Step & { readonly order: number }>();
  let left = MAX_COMPARED;
  for (const [order, step] of steps.entries()) {
    let first: (Step & { readonly order: number }) | undefined;
    for (const list of index.candidates(step.match)) {
      for (const other of list) {
        if (first !== undefined && other.order > first.order) break;
        if (left-- <= 0) return [...drafts, tooMany(row, step)];
        if (other.route < step.route && covers(other.match, step.match, gateways)) first = other;
      }
    }
    if (first !== undefined) drafts.push(draft(step, first));
    index.add({ ...step, order });
  }
  return drafts;
}

const tooMany = (row: VirtualService, { label }: Step): Draft => ({
  severity: 'info',
  code: 'unreachable-route',
  message: `too many matches to compare each with each: from ${label} on it is not known whether all are used`,
  at: { row, path: ['spec', 'http'] },
});

function draft(step: Step, earlier: Step): Draft {
  const same = !takesEverything(earlier.match) && covers(step.match, earlier.match, []) && covers(earlier.match, step.match, []);
  const [code, why] = takesEverything(earlier.match)
    ? ['unreachable-route', `${earlier.label} takes every request`]
    : same
      ? ['duplicate-route', `${earlier.label} has the same match`]
      : ['shadowed-route', `${earlier.label} takes all that would match`];
  return { severity: 'warning', code, message: `${step.label} is never used: ${why}`, at: step.at, winner: earlier.at };
}

/** Delegates make one route several, so that indexes are no places any more. */
function stepsOf(row: VirtualService, routes: readonly HTTPRoute[]): readonly Step[] {
  const written = row.spec.http ?? [];
  const isFilledIn = written.some((route) => route.delegate !== undefined);
  return routes.flatMap((route, index) => {
    const label = `route ${route.name ? `'${route.name}'` : index}`;
    const path = isFilledIn ? ['spec', 'http'] : ['spec', 'http', index];
    const matches = (route.match ?? []) as readonly HTTPMatchRequest[];
    if (matches.length === 0) return [{ match: {}, at: { row, path }, route: index, label }];
    return matches.map((match, j) => ({
      match,
      at: { row, path: isFilledIn ? path : [...path, 'match', j] },
      route: index,
      label: matches.length === 1 ? label : `match ${j} of ${label}`,
    }));
  });
}

/** TCP and TLS routes behind one without matches. */
function byteStreams(row: VirtualService): readonly Draft[] {
  const routes = (row.spec.tcp ?? []) as readonly { readonly match?: readonly unknown[] }[];
  const all = routes.findIndex(({ match = [] }) => match.length === 0);
  if (all < 0) return [];
  return routes.slice(all + 1).map((_, i) => ({
    severity: 'warning',
    code: 'unreachable-route',
    message: `tcp route ${all + 1 + i} is never used: tcp route ${all} takes every connection`,
    at: { row, path: ['spec', 'tcp', all + 1 + i] },
    winner: { row, path: ['spec', 'tcp', all] },
  }));
}

/** Older VirtualServices for the same host at the same gateway come first; only their catch-alls are moved to the end. */
function acrossAtGateways(context: Context, row: VirtualService, resolved: VirtualService, steps: readonly Step[]): readonly Draft[] {
  const { lookups } = context;
  const found: Draft[] = [];
  const told = new Set<Step>();
  for (const host of resolved.spec.hosts ?? []) {
    const all = lookups.virtualServicesOf(host);
    const older = all.slice(
      0,
      all.findIndex((other) => keyOf(other) === keyOf(row)),
    );
    for (const gateway of boundGateways(resolved.spec)) {
      if (gateway === MESH_GATEWAY) continue;
      for (const other of older) {
        const theirs = context.mesh.virtualServices.get(keyOf(other));
        if (theirs === undefined || !boundGateways(theirs.spec).includes(gateway)) continue;
        if (![row, other].every((one) => isServed(context, one, gateway, host))) continue;
        const before = stepsOf(other, theirs.spec.http ?? []);
        for (const step of steps) {
          if (told.has(step) || !applies(step, gateway)) continue;
          const earlier = before.find((one) => isTaken(one, step) && applies(one, gateway) && covers(ungated(one.match), ungated(step.match), []));
          if (earlier === undefined) continue;
          told.add(step);
          const message = `at gateway ${gateway}, ${step.label} is never used for host ${host}: ${earlier.label} of the older ${nameOf(other)} comes first`;
          found.push({ severity: 'warning', code: 'shadowed-route', message, at: step.at, winner: earlier.at });
        }
      }
    }
  }
  return found;
}

/** The Gateway takes the host from there, and its proxies may see the VirtualService. */
function isServed({ mesh, lookups }: Context, row: VirtualService, gateway: string, host: string): boolean {
  const found = mesh.rows.of('Gateway').get(gateway);
  if (found === undefined || !admits(found, host, row.metadata.namespace)) return false;
  const visibility = lookups.visibilityOf(row);
  const workloads = lookups.gatewayWorkloads(found.spec.selector ?? {});
  return workloads.length === 0 || workloads.some(({ namespace }) => isVisibleTo(visibility, namespace));
}

/** Catch-alls of all VirtualServices come last, in the same order: one hides another, but nothing else. */
const isTaken = (earlier: Step, step: Step): boolean => !takesEverything(ungated(earlier.match)) || takesEverything(ungated(step.match));

const ungated = (match: HTTPMatchRequest): HTTPMatchRequest => ({ ...match, gateways: [] });

const applies = ({ match }: Step, gateway: string): boolean => (match.gateways?.length ?? 0) === 0 || match.gateways?.includes(gateway) === true;
