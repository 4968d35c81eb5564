/** Counts what a source writes (MT-001, MT-003). */
import { type AnyRow, KINDS, type Kind } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';
import { registryName, triggerOf, updateOf } from '../sources/events.js';
import type { ConfigInstruments } from '../telemetry/config-instruments.js';

/** A row was written. */
export function countSet(counts: ConfigInstruments, { kind }: AnyRow, isKnown: boolean): void {
  countEvent(counts, kind, isKnown ? 'update' : 'add');
}

/** A row was taken away. */
export const countDelete = (counts: ConfigInstruments, kind: Kind): void => countEvent(counts, kind, 'delete');

function countEvent(counts: ConfigInstruments, kind: Kind, event: 'add' | 'update' | 'delete'): void {
  const type = registryName(kind);
  if (type === undefined) counts.configEvents.inc({ type: kind, event });
  else counts.registryEvents.inc({ type, event });
  counts.pushTriggers.inc({ type: triggerOf(kind) });
  counts.inboundUpdates.inc({ type: updateOf(kind, event === 'delete' ? 'delete' : 'set') });
}

/** An error that was not there before. */
export function countProblem(counts: ConfigInstruments, { resource }: Problem): void {
  // As it is written; what is no kind of ours makes no series of its own.
  const info = KINDS.find(({ yamlKind }) => yamlKind === resource?.kind);
  counts.rejected.inc({ type: info?.kind ?? 'file' });
}
