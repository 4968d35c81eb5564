/**
 * Edits that need not wait for their quiet moment: endpoints came to slices that were there, and nothing else changed. More endpoints can't hurt,
 * whatever else is about to be written, as long as their pods are known (a pod tells how its endpoint is spoken to).
 */
import type { AnyRow } from '../api/kinds.js';
import { identityOf } from './read-document.js';

type Rows = ReadonlyMap<string, AnyRow>;

/** Whether a file's rows changed in no other way. `isKnown` says whether a row of this identity was written before. */
export function onlyAddsEndpoints(before: Rows, after: Rows, isKnown: (identity: string) => boolean): boolean {
  if (before.size !== after.size) return false;
  let added = 0;
  for (const [identity, row] of after) {
    const old = before.get(identity);
    if (old === row) continue;
    const more = old === undefined ? undefined : addedTo(old, row);
    if (more === undefined || !more.every(({ pod }) => pod === undefined || isKnown(pod))) return false;
    added += more.length;
  }
  return added > 0;
}

interface Added {
  /** Identity of the pod behind it. */
  readonly pod: string | undefined;
}

function addedTo(old: AnyRow, row: AnyRow): readonly Added[] | undefined {
  if (old.kind !== 'EndpointSlice' || row.kind !== 'EndpointSlice') return undefined;
  const { endpoints: had = [], ...oldSpec } = old.spec;
  const { endpoints: has = [], ...spec } = row.spec;
  if (JSON.stringify([old.metadata, oldSpec]) !== JSON.stringify([row.metadata, spec])) return undefined;
  const left = new Map<string, number>();
  for (const one of had) left.set(JSON.stringify(one), (left.get(JSON.stringify(one)) ?? 0) + 1);
  const more = has.filter((one) => {
    const count = left.get(JSON.stringify(one)) ?? 0;
    if (count > 0) left.set(JSON.stringify(one), count - 1);
    return count === 0;
  });
  if ([...left.values()].some((count) => count > 0)) return undefined;
  return more.map(({ targetRef }) => ({
    pod:
      targetRef?.kind === 'Pod'
        ? identityOf({ kind: 'Pod', namespace: targetRef.namespace ?? row.metadata.namespace, name: targetRef.name ?? '' })
        : undefined,
  }));
}
