/** Patches of one virtual host and its routes: merges and removals first, then insertions (EF-011, EF-012). */
import { clone } from '@bufbuild/protobuf';
import { applyToList } from './list-operations.js';
import { mergeInto } from './merge.js';
import type { RouteMessage, VirtualHostMessage } from './messages.js';
import { type Applied, isMerge, listsOf, type Patch } from './patch.js';
import { matchesVirtualHost, routeMatcher } from './route-match.js';

/** Patches whose route configuration matches. */
export interface VirtualHostPatches {
  readonly hosts: readonly Patch[];
  readonly routes: readonly Patch[];
}

/** Whether anything could happen to the virtual host of this name and these domains, short of merges that change the two. */
export const concerns = ({ hosts, routes }: VirtualHostPatches, host: Pick<VirtualHostMessage, 'name' | 'domains'>): boolean =>
  hosts.some((patch) => patch.operation !== 'ADD' && matchesVirtualHost(host, patch)) || routes.some((patch) => matchesVirtualHost(host, patch));

/** The patched virtual host; undefined when it is removed. May change `given` in place. */
export function patchVirtualHost(given: VirtualHostMessage, patches: VirtualHostPatches, applied: Applied): VirtualHostMessage | undefined {
  let host = given;
  for (const patch of patches.hosts) {
    if (patch.operation === 'ADD' || !matchesVirtualHost(host, patch)) continue;
    applied.add(patch.id);
    if (patch.operation === 'REMOVE') return undefined;
    if (patch.operation === 'REPLACE') host = clone(patch.type, patch.value as VirtualHostMessage) as VirtualHostMessage;
    else if (isMerge(patch)) mergeInto(patch.type, host, patch.value as VirtualHostMessage, listsOf(patch));
  }
  const routes = patches.routes.filter((patch) => matchesVirtualHost(host, patch));
  host.routes = host.routes.filter((route) => patchRoute(route, routes, applied));
  for (const patch of routes) {
    if (isMerge(patch) || patch.operation === 'REMOVE') continue;
    insertRoute(host, patch, applied);
  }
  return host;
}

/** False when the route is removed. */
function patchRoute(route: RouteMessage, patches: readonly Patch[], applied: Applied): boolean {
  for (const patch of patches) {
    if (patch.operation !== 'REMOVE' && !isMerge(patch)) continue;
    if (routeMatcher(patch)?.(route) === false) continue;
    applied.add(patch.id);
    if (patch.operation === 'REMOVE') return false;
    mergeInto(patch.type, route, patch.value as RouteMessage, listsOf(patch));
  }
  return true;
}

function insertRoute(host: VirtualHostMessage, patch: Patch, applied: Applied): void {
  const isNamed = routeMatcher(patch);
  // Unlike a filter, a route that comes first may name another on whose presence it depends.
  if (patch.operation === 'INSERT_FIRST' && isNamed !== undefined && !host.routes.some(isNamed)) return;
  const changed = applyToList(host.routes, patch.operation, isNamed, () => clone(patch.type, patch.value as RouteMessage) as RouteMessage);
  if (changed === undefined) return;
  host.routes = changed;
  applied.add(patch.id);
}
