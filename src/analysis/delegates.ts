/**
 * Delegation that leads nowhere (VS-035): the delegate is missing, is no delegate, does not show itself here, or contradicts the route, which then
 * takes no requests; and delegates that nobody names.
 */
import type { HTTPRoute, VirtualService } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import { mergeDelegate } from '../model/virtual-service-delegates.js';
import { resolveNames } from '../model/virtual-service-names.js';
import { isVisibleTo } from '../model/visibility.js';
import { type Check, type Context, type Draft, nameOf, perRow } from './check.js';

export const delegates: Check = perRow('delegate', 'VirtualService', (context, row) => {
  if (!isRoot(row)) return unnamed(context, row);
  return (row.spec.http ?? []).flatMap((route, index) => (route.delegate === undefined ? [] : examine(context, row, route, index)));
});

const isRoot = (row: VirtualService): boolean => (row.spec.hosts?.length ?? 0) > 0;

const delegateKey = (row: VirtualService, { delegate }: HTTPRoute): string =>
  `${delegate?.namespace || row.metadata.namespace}/${delegate?.name ?? ''}`;

function examine({ mesh, lookups, domain }: Context, row: VirtualService, route: HTTPRoute, index: number): readonly Draft[] {
  const key = delegateKey(row, route);
  const at = { row, path: ['spec', 'http', index, 'delegate'] };
  const found = mesh.rows.of('VirtualService').get(key);
  if (found === undefined) {
    return [{ severity: 'error', code: 'unknown-delegate', message: `there is no VirtualService ${key}, so this route takes no requests`, at }];
  }
  const related = [{ row: found }];
  const told = (message: string): readonly Draft[] => [{ severity: 'error', code: 'unusable-delegate', message, at, related }];
  if (isRoot(found)) return told(`${nameOf(found)} has hosts of its own, so it is no delegate, and this route takes no requests`);
  if (!isVisibleTo(lookups.visibilityOf(found), row.metadata.namespace)) {
    return told(`exportTo hides ${nameOf(found)} from namespace ${row.metadata.namespace}, so this route takes no requests`);
  }
  const { delegate: _, ...own } = route;
  return (resolveNames(found.spec, found.metadata.namespace, domain).http ?? []).flatMap((one, i): readonly Draft[] => {
    if (one.delegate !== undefined) {
      const path = ['spec', 'http', i, 'delegate'];
      const message = 'a delegate cannot delegate: only one level is looked at';
      return [{ severity: 'error', code: 'unusable-delegate', message, at: { row: found, path }, related: [at] }];
    }
    if (mergeDelegate(own, [one]).length > 0) return [];
    const message = `this route is dropped where ${nameOf(row)} delegates here: their matches contradict each other`;
    return [
      { severity: 'warning', code: 'contradicting-delegate', message, at: { row: found, path: ['spec', 'http', i] }, related: [at] } satisfies Draft,
    ];
  });
}

function unnamed({ mesh }: Context, row: VirtualService): readonly Draft[] {
  const key = keyOf(row);
  for (const other of mesh.rows.of('VirtualService').list().values()) {
    if (isRoot(other) && other.spec.http?.some((route) => route.delegate !== undefined && delegateKey(other, route) === key)) return [];
  }
  const message = 'has no hosts, and no VirtualService delegates to it, so it does nothing';
  return [{ severity: 'warning', code: 'unused-delegate', message, at: { row } }];
}
