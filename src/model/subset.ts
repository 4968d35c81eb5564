/** Subsets of a DestinationRule by name (DR-007). A rule may have as many as its document has room for, and each makes clusters that ask. */
import type { DestinationRuleSpec } from '../api/istio.js';

type Subset = NonNullable<DestinationRuleSpec['subsets']>[number];

const byName = new WeakMap<readonly Subset[], ReadonlyMap<string, Subset>>();

/** The first subset of that name. */
export function subsetNamed(subsets: readonly Subset[] | undefined, name: string): Subset | undefined {
  if (subsets === undefined) return undefined;
  let known = byName.get(subsets);
  if (known === undefined) {
    // The first of a name stays: it is put in last.
    known = new Map(subsets.toReversed().map((subset) => [subset.name, subset]));
    byName.set(subsets, known);
  }
  return known.get(name);
}
