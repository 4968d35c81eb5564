/**
 * Patches of one filter chain: the chain, its network filters, and the HTTP filters inside HTTP connection managers. Inline routes of inbound
 * chains come first: they are part of what was generated.
 */
import { decodeAs, encodeAs, envoyType } from './envoy-types.js';
import { patchFilters } from './filters.js';
import { httpFilterName, matchesChain, matchesListener, matchesName, networkFilterName } from './listener-match.js';
import { mergeInto, mergeTypedConfig, setTypedConfig, typedConfig } from './merge.js';
import { type ConnectionManagerMessage, type FilterChainMessage, HTTP_CONNECTION_MANAGER, type ListenerMessage, type Named } from './messages.js';
import { type Applied, isMerge, listsOf, type Patch, type Patches } from './patch.js';
import { hasRoutePatches, patchRouteConfiguration } from './route-configuration.js';

/** By this name, and no other, a filter counts as the HTTP connection manager. */
const HCM_NAME = 'envoy.filters.network.http_connection_manager';

/** False when the chain is removed. Changes `chain` in place. */
export function patchFilterChain(listener: ListenerMessage, chain: FilterChainMessage, patches: Patches, applied: Applied): boolean {
  const isAbout = (patch: Patch): boolean => matchesListener(listener, patch) && matchesChain(listener, chain, patch);
  if (patches.context === 'SIDECAR_INBOUND' && hasRoutePatches(patches)) {
    for (const filter of chain.filters) editConnectionManager(filter, (manager) => patchInlineRoutes(manager, patches, applied));
  }
  for (const patch of patches.of('FILTER_CHAIN')) {
    if (patch.operation === 'ADD' || !isAbout(patch)) continue;
    if (patch.operation === 'REMOVE') {
      applied.add(patch.id);
      return false;
    }
    if (isMerge(patch)) mergeChain(chain, patch);
    applied.add(patch.id);
  }
  chain.filters = patchFilters(chain.filters, patches.of('NETWORK_FILTER').filter(isAbout), networkFilterName, applied);
  const httpPatches = patches.of('HTTP_FILTER').filter(isAbout);
  for (const filter of chain.filters) {
    const own = httpPatches.filter((patch) => matchesName(networkFilterName(patch), filter));
    if (own.length === 0) continue;
    editConnectionManager(filter, (manager) => {
      manager.httpFilters = patchFilters(manager.httpFilters, own, httpFilterName, applied);
    });
  }
  return true;
}

/** A patch with a transport socket of the chain's is about that alone. */
function mergeChain(chain: FilterChainMessage, patch: Patch): void {
  const change = patch.value as FilterChainMessage;
  const wanted = change.transportSocket;
  if (wanted !== undefined && chain.transportSocket?.name === wanted.name) mergeTypedConfig(chain.transportSocket, wanted);
  else mergeInto(patch.type, chain, change, listsOf(patch));
}

function editConnectionManager(filter: Named, edit: (manager: ConnectionManagerMessage) => void): void {
  const config = filter.name === HCM_NAME ? typedConfig(filter) : undefined;
  if (config === undefined || !config.typeUrl.endsWith(`/${HTTP_CONNECTION_MANAGER}`)) return;
  const type = envoyType(HTTP_CONNECTION_MANAGER);
  const manager = decodeAs<ConnectionManagerMessage>(type, config.value);
  edit(manager);
  setTypedConfig(filter, { ...config, value: encodeAs(type, manager) });
}

function patchInlineRoutes(manager: ConnectionManagerMessage, patches: Patches, applied: Applied): void {
  const { routeSpecifier } = manager;
  if (routeSpecifier.case === 'routeConfig') patchRouteConfiguration(routeSpecifier.value, patches, new Map(), applied);
}
