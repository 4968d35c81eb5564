/**
 * Which listeners a route attaches to, and for which of its host names (GA-010, GA-023). Pure.
 * https://gateway-api.sigs.k8s.io/reference/spec/#parentreference
 */
import { hostIsWithin, hostsOverlap, isWildcard } from '../hosts.js';
import type { RouteParent } from './listeners.js';
import type { ParentReference, RouteKind } from './types.js';

/** The route, as far as attaching goes. */
export interface Attaching {
  readonly kind: RouteKind;
  readonly namespace: string;
  /** Empty for any host. */
  readonly hostnames: readonly string[];
}

export interface Attachment {
  readonly parent: RouteParent;
  /** Hosts of the route that are this listener's to serve: those of more specific listeners beside it are not. */
  readonly hosts: readonly string[];
}

/** Why a parent does not take a route; `reason` is that of condition Accepted. */
export interface Denial {
  readonly reason: 'NotAllowedByListeners' | 'NoMatchingListenerHostname' | 'NoMatchingParent';
  readonly message: string;
}

/** What came nearest to being taken is told: a listener that fits but for its permission, before one that does not fit. */
const NEAREST: readonly Denial['reason'][] = ['NotAllowedByListeners', 'NoMatchingListenerHostname', 'NoMatchingParent'];

/** Attachments by one reference, to all listeners of its parent that take the route; without any, why not. */
export function attach(
  route: Attaching,
  ref: ParentReference,
  parents: readonly RouteParent[],
): { attachments: readonly Attachment[]; denied?: Denial } {
  const named = parents.filter(({ section, port }) => (ref.sectionName ?? section) === section && (ref.port ?? port) === port);
  const attachments: Attachment[] = [];
  let denied: Denial = { reason: 'NoMatchingParent', message: parents.length === 0 ? 'it has no listeners' : 'it has no such listener' };
  for (const parent of named) {
    const found = denial(route, parent);
    if (found === undefined) attachments.push({ parent, hosts: hostsAt(route, parent, parents) });
    else if (NEAREST.indexOf(found.reason) < NEAREST.indexOf(denied.reason)) denied = found;
  }
  return attachments.length > 0 ? { attachments } : { attachments, denied };
}

function denial({ kind, namespace, hostnames }: Attaching, parent: RouteParent): Denial | undefined {
  const hosts = hostnames.length === 0 ? ['*'] : hostnames;
  if (!hosts.some((host) => hostsOverlap(host, parent.hostname || '*')))
    return { reason: 'NoMatchingListenerHostname', message: `no host name is within the listener's ${parent.hostname}` };
  const refused = (message: string): Denial => ({ reason: 'NotAllowedByListeners', message });
  if (parent.namespaces !== '*' && !parent.namespaces.includes(namespace)) return refused(`its listeners take no routes of namespace ${namespace}`);
  return parent.kinds.includes(kind) ? undefined : refused(`its listeners take no ${kind}`);
}

function hostsAt({ hostnames }: Attaching, parent: RouteParent, parents: readonly RouteParent[]): readonly string[] {
  const nearer = parents
    .filter((other) => other !== parent && other.port === parent.port && other.protocol === parent.protocol && other.hostname !== parent.hostname)
    .map((other) => other.hostname);
  return (hostnames.length === 0 ? ['*'] : hostnames).filter((host) => isServedBy(host, parent.hostname, nearer));
}

/** Listeners are isolated: a host belongs to the most specific one, even when that one has no route for it. */
function isServedBy(host: string, listener: string, others: readonly string[]): boolean {
  if (listener !== '' && !isWildcard(listener)) return true;
  if (listener !== '' && !hostsOverlap(host, listener)) return false;
  return !others.some((other) => other !== '' && listener.length <= other.length && hostIsWithin(host, other));
}
