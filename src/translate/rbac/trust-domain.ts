/**
 * Trust domains in principals (AZ-028): whoever names the mesh's own trust domain, one of its aliases, or `cluster.local`, means all of
 * them. So policies outlive the renaming of a trust domain.
 * https://istio.io/latest/docs/tasks/security/authorization/authz-td-migration/
 */

/** `domain/ns/NAMESPACE/sa/ACCOUNT`: anything else has no trust domain to replace. */
const PARTS = 5;
/** Stands for the mesh's own, whatever its name. */
const LOCAL = 'cluster.local';

/** The principals under each trust domain of the mesh, its own first. */
export function withAliases(principals: readonly string[], trustDomains: readonly string[]): readonly string[] {
  return principals.flatMap((principal) => {
    const parts = principal.split('/');
    const [domain = ''] = parts;
    if (parts.length !== PARTS || domain === '*') return [principal];
    if (domain !== LOCAL && !trustDomains.some((own) => overlap(own, domain))) return [principal];
    const rest = parts.slice(1).join('/');
    return [...new Set(trustDomains.map((own) => (isSuffix(own, domain) ? principal : `${own}/${rest}`)))];
  });
}

/** For bare trust domains only the exact name counts. */
export const domainsWithAliases = (domains: readonly string[], trustDomains: readonly string[]): readonly string[] => [
  ...new Set(domains.flatMap((domain) => (trustDomains.includes(domain) ? trustDomains : [domain]))),
];

/** `pattern` is `*suffix` and `text` ends so. */
const isSuffix = (text: string, pattern: string): boolean => pattern.startsWith('*') && text.endsWith(pattern.slice(1));
const isPrefix = (text: string, pattern: string): boolean => pattern.endsWith('*') && text.startsWith(pattern.slice(0, -1));

const overlap = (a: string, b: string): boolean => a === b || a === '*' || isPrefix(a, b) || isPrefix(b, a) || isSuffix(a, b) || isSuffix(b, a);
