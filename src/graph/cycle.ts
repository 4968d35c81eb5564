/** A query that needs its own value: a mistake in the model, reported with its whole path. */
import type { Memo } from './memo.js';

/** Thrown by (and memoised for) every query value that takes part in a cycle. */
export class CycleError extends Error {
  override readonly name = 'CycleError';
  constructor(
    /** The values of the cycle in reading order, as `query(key)`; the first is not repeated at the end. */
    readonly cycle: readonly string[],
  ) {
    super(`graph: query cycle ${[...cycle, cycle[0]].join(' -> ')}`);
  }
}

/** The error for a path that came back to `memo`; gives it to all members. Starts at the least name, wherever reading began. */
export function cycleThrough(path: readonly Memo[], memo: Memo): CycleError {
  const members = path.slice(path.lastIndexOf(memo));
  const labels = members.map((member) => `${member.recipe.name}(${member.key})`);
  const first = labels.reduce((least, label, i) => (label < (labels[least] as string) ? i : least), 0);
  const error = new CycleError([...labels.slice(first), ...labels.slice(0, first)]);
  for (const member of members) member.cycle ??= error;
  return error;
}
