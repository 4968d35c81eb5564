/**
 * exportTo: which namespaces may see a service, route or rule (SD-028, VS-004, DR-004, MC-013).
 */
import type { Visibility } from './service.js';

const ALL: Visibility = { to: 'all' };
const NONE: Visibility = { to: 'none' };

/** Reads an exportTo list of a resource in `namespace`; an empty or missing list means `defaults`. */
export function parseVisibility(exportTo: readonly string[] | undefined, namespace: string, defaults: readonly string[]): Visibility {
  const entries = exportTo === undefined || exportTo.length === 0 ? defaults : exportTo;
  if (entries.includes('*')) return ALL;
  const namespaces = new Set<string>();
  for (const entry of entries) {
    if (entry === '~') continue;
    namespaces.add(entry === '.' ? namespace : entry);
  }
  return namespaces.size === 0 ? NONE : { to: 'namespaces', namespaces };
}

/** True when a client in `namespace` may see it. */
export function isVisibleTo(visibility: Visibility, namespace: string): boolean {
  if (visibility.to === 'all') return true;
  return visibility.to === 'namespaces' && visibility.namespaces.has(namespace);
}
