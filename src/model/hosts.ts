/**
 * Host names as Istio compares them: exact, `*.suffix` and `*`. VS-001, DR-001, GW-021.
 */

export const isWildcard = (host: string): boolean => host.startsWith('*');

/** True when every name that `specific` stands for is also one of `pattern`'s: `matches('*.a.com', 'x.a.com')`. */
export function hostIsWithin(specific: string, pattern: string): boolean {
  if (!isWildcard(pattern)) return specific === pattern;
  if (isWildcard(specific)) return specific.length >= pattern.length && specific.slice(1).endsWith(pattern.slice(1));
  return specific.endsWith(pattern.slice(1)) && (pattern === '*' || specific.length > pattern.length - 1);
}

/** True when some name is in both. */
export const hostsOverlap = (a: string, b: string): boolean => hostIsWithin(a, b) || hostIsWithin(b, a);

/** Sort order "most specific first": exact names before wildcards, longer before shorter, then by text. */
export function bySpecificity(a: string, b: string): number {
  const aWild = isWildcard(a);
  if (aWild !== isWildcard(b)) return aWild ? 1 : -1;
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Expands a short name in a resource's namespace: `reviews` → `reviews.ns.svc.cluster.local`. Names with a dot, wildcards and IP
 * addresses stay as they are (an unqualified `name.ns` is not expanded, as in the reference).
 */
export function resolveShortName(host: string, namespace: string, domain: string): string {
  if (host === '*' || host.includes('.') || host.includes(':') || host.includes('*')) return host;
  return `${host}.${namespace}.svc.${domain}`;
}
