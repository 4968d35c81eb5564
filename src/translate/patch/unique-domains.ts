/**
 * Envoy refuses a route configuration that has a domain, or the name of a virtual host, twice; one patch would so freeze the routes of every proxy
 * that it is for. Of two the first in the list has it (XD-034).
 */
import type { VirtualHostMessage } from './messages.js';
import { isMerge, type Patch } from './patch.js';

/** Name and domains of a virtual host. */
export interface HostHead {
  readonly name: string;
  readonly domains: readonly string[];
}

/** What is left of a virtual host: all of it, fewer domains, or nothing. */
export type Kept = 'all' | 'none' | readonly string[];

/** Whether a patch of virtual hosts could bring a name or a domain that is there already. */
export function givesNames(patch: Patch): boolean {
  if (patch.operation === 'ADD' || patch.operation === 'REPLACE') return true;
  const host = patch.value as VirtualHostMessage | undefined;
  return isMerge(patch) && host !== undefined && (host.domains.length > 0 || host.name !== '');
}

/** For each virtual host, in order, what is left; `dropped` gets a sentence for each loss. */
export function keptOf(hosts: readonly HostHead[], dropped: string[]): readonly Kept[] {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  return hosts.map(({ name, domains }) => {
    if (names.has(name)) {
      dropped.push(`there is a virtual host ${name} already`);
      return 'none';
    }
    const free = domains.filter((domain) => {
      const owner = owners.get(domain.toLowerCase());
      if (owner !== undefined) dropped.push(`the domain ${domain} of virtual host ${name} is of ${owner} already`);
      else owners.set(domain.toLowerCase(), name);
      return owner === undefined;
    });
    if (domains.length === 0) dropped.push(`virtual host ${name} has no domain`);
    if (free.length === 0) return 'none';
    names.add(name);
    return free.length === domains.length ? 'all' : free;
  });
}
