/**
 * Patches of one list of filters: first all that move, add or remove filters, in order; then all merges, also into filters that were just added
 * (EF-006, EF-008, EF-009).
 */
import { clone } from '@bufbuild/protobuf';
import { typeOfUrl } from './envoy-types.js';
import { applyToList } from './list-operations.js';
import { isNamed, matchesName } from './listener-match.js';
import { mergeTypedConfig, typedConfig } from './merge.js';
import type { Named } from './messages.js';
import type { Applied, Patch } from './patch.js';

/** The filters after `patches`, all of which match what holds the list. `nameOf` says which filter a patch is about. */
export function patchFilters(filters: Named[], patches: readonly Patch[], nameOf: (patch: Patch) => string | undefined, applied: Applied): Named[] {
  let list = filters;
  for (const patch of patches) {
    const changed = applyToList(list, patch.operation, isNamed(nameOf(patch)), () => clone(patch.type, patch.value as Named) as Named);
    if (changed === undefined) continue;
    list = changed;
    applied.add(patch.id);
  }
  for (const filter of list) {
    for (const patch of patches) if (patch.operation === 'MERGE' && mergeFilter(filter, patch, nameOf(patch))) applied.add(patch.id);
  }
  return list;
}

function mergeFilter(filter: Named, patch: Patch, name: string | undefined): boolean {
  const own = typedConfig(filter);
  if (!matchesName(name, filter) || own === undefined) return false;
  const change = patch.value as Named;
  const wanted = typedConfig(change);
  // A patch for all filters means those that can take it.
  if (name === undefined && wanted !== undefined && typeOfUrl(wanted.typeUrl) !== typeOfUrl(own.typeUrl)) return false;
  if (wanted !== undefined) mergeTypedConfig(filter, change);
  if (change.name !== '') filter.name = change.name;
  return true;
}
