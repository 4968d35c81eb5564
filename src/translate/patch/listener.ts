/**
 * Patches of one listener, from the outside in: the listener, its listener filters, its filter chains (EF-005 to EF-009).
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-ApplyTo
 */
import { clone } from '@bufbuild/protobuf';
import { patchFilterChain } from './filter-chain.js';
import { patchFilters } from './filters.js';
import { listenerFilterName, matchesListener } from './listener-match.js';
import { mergeInto } from './merge.js';
import type { FilterChainMessage, ListenerMessage } from './messages.js';
import { type Applied, isMerge, listsOf, type Patches } from './patch.js';

/** Whether any patch could be about a listener. Route patches reach routes inside inbound listeners. */
export const hasListenerPatches = (patches: Patches): boolean =>
  patches.has('LISTENER', 'LISTENER_FILTER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER') ||
  (patches.context === 'SIDECAR_INBOUND' && patches.has('ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'));

/** The patched listener; undefined when it is removed. Changes `listener` in place. */
export function patchListener(listener: ListenerMessage, patches: Patches, applied: Applied): ListenerMessage | undefined {
  for (const patch of patches.of('LISTENER')) {
    if (patch.operation === 'ADD' || !matchesListener(listener, patch)) continue;
    applied.add(patch.id);
    if (patch.operation === 'REMOVE') return undefined;
    if (isMerge(patch)) mergeInto(patch.type, listener, patch.value as ListenerMessage, listsOf(patch));
  }
  const filters = patches.of('LISTENER_FILTER').filter((patch) => matchesListener(listener, patch));
  listener.listenerFilters = patchFilters(listener.listenerFilters, filters, listenerFilterName, applied);
  patchFilterChains(listener, patches, applied);
  return listener;
}

function patchFilterChains(listener: ListenerMessage, patches: Patches, applied: Applied): void {
  const isKept = (chain: FilterChainMessage): boolean => patchFilterChain(listener, chain, patches, applied);
  listener.filterChains = listener.filterChains.filter(isKept);
  if (listener.defaultFilterChain !== undefined && !isKept(listener.defaultFilterChain)) delete listener.defaultFilterChain;
  for (const patch of patches.of('FILTER_CHAIN')) {
    if (patch.operation !== 'ADD' || !matchesListener(listener, patch)) continue;
    listener.filterChains.push(clone(patch.type, patch.value as FilterChainMessage) as FilterChainMessage);
    applied.add(patch.id);
  }
}
