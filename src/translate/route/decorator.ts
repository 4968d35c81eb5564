/** The name that traces give to what a route does: `host:port/path*`. VS-040. */
import { parseOutboundName } from '../../model/names.js';
import type { RouteContext, RouteDraft } from './route-block.js';

/** Names the destination when there is exactly one, else the VirtualService. */
export function traceOperation(route: RouteDraft, context: RouteContext): string {
  const path = pathText(route);
  const action = route.action;
  const specifier = action?.$case === 'route' ? action.value?.clusterSpecifier : undefined;
  const destination = specifier?.$case === 'cluster' ? parseOutboundName(specifier.value ?? '') : undefined;
  if (destination !== undefined) return `${destination.hostname}:${destination.port}${path}`;
  return `${context.owner.name}:${context.listenPort}${path}`;
}

function pathText(route: RouteDraft): string {
  const path = route.match?.pathSpecifier;
  if (path?.$case === 'prefix') return `${path.value}*`;
  if (path?.$case === 'path') return path.value ?? '';
  if (path?.$case === 'safeRegex') return path.value?.regex ?? '';
  return '/*';
}
