/**
 * Checks of host names, labels, addresses and ports. Each gives a message, or nothing when the value is good.
 * Istio's names are DNS-1123 labels that may also have upper case. https://www.rfc-editor.org/rfc/rfc1123#section-2
 */
import { isIP, isIPv4 } from 'node:net';

const LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const WILDCARD_LABEL = /^(?:\*|(?:\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/;
const QUALIFIED = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

export const isLabel = (text: string): boolean => text.length <= 63 && LABEL.test(text);
export const isWildcardLabel = (text: string): boolean => text.length <= 63 && WILDCARD_LABEL.test(text);
export const isAddress = (text: string): boolean => isIP(text) !== 0;

export function label(text: string, what: string): string | undefined {
  return isLabel(text) ? undefined : `'${text}' is no valid ${what} (letters, digits and '-', at most 63)`;
}

function labels(domain: string, whole: string): string | undefined {
  const parts = domain.split('.');
  const last = parts.at(-1)!;
  if (/^[+-]?\d+$/.test(last)) return `'${whole}' is no domain name: its last part is a number`;
  // A dot at the end makes the name absolute; it leaves an empty last part.
  const bad = (last === '' ? parts.slice(0, -1) : parts).find((part) => !isLabel(part));
  return bad === undefined ? undefined : `'${whole}' is no domain name: part '${bad}' is not valid`;
}

function domainLength(domain: string): string | undefined {
  if (domain === '') return 'a domain name must not be empty';
  return Buffer.byteLength(domain) > 255 ? 'a domain name must not have more than 255 characters' : undefined;
}

/** A fully qualified or short domain name without wildcards. */
export const fqdn = (domain: string): string | undefined => domainLength(domain) ?? labels(domain, domain);

/** A domain name whose first part may be, or begin with, a wildcard. */
export function wildcardDomain(domain: string): string | undefined {
  const problem = domainLength(domain);
  if (problem !== undefined) return problem;
  const dot = domain.indexOf('.');
  const first = dot < 0 ? domain : domain.slice(0, dot);
  if (!isWildcardLabel(first)) return `'${domain}' is no domain name: part '${first}' is not valid`;
  return dot < 0 ? undefined : labels(domain.slice(dot + 1), domain);
}

/** `*foo.com`: a wildcard that is not a whole first part. */
export const partialWildcard = (host: string): string | undefined =>
  host.includes('*') && host !== '*' && !host.startsWith('*.') ? `'${host}': a wildcard must be the whole first part ('*.')` : undefined;

/** `namespace/host` as gateways' servers and sidecars' egress listeners have it; a gateway's host may lack the namespace. */
export function namespacedHost(text: string, owner: 'gateway' | 'sidecar'): string[] {
  const slash = text.indexOf('/');
  if (slash < 0) return owner === 'gateway' ? hostPart(text, owner) : [`'${text}' must be of the form namespace/host`];
  const [namespace, host] = [text.slice(0, slash), text.slice(slash + 1)];
  const messages: string[] = [];
  if (namespace === '' || host === '') messages.push(`'${text}': namespace and host must not be empty`);
  const bare = owner === 'sidecar' ? namespace.replace(/^~/, '') : namespace;
  const free = bare === '*' || bare === '.' || (owner === 'sidecar' && bare === '');
  if (!free && !isLabel(bare)) messages.push(`'${namespace}' is no valid namespace`);
  return [...messages, ...hostPart(host, owner)];
}

function hostPart(host: string, owner: 'gateway' | 'sidecar'): string[] {
  const messages: (string | undefined)[] = [];
  if (host !== '*' && !host.includes('.')) messages.push(`'${host}': short names are not allowed`);
  const domain = wildcardDomain(host);
  if (domain !== undefined && (owner === 'sidecar' || !isAddress(host))) messages.push(domain);
  messages.push(partialWildcard(host));
  return messages.filter((message) => message !== undefined);
}

export const port = (number: number): string | undefined =>
  Number.isInteger(number) && number >= 1 && number <= 65535 ? undefined : `port ${number} must be in the range 1 to 65535`;

export const address = (text: string): string | undefined => (isAddress(text) ? undefined : `'${text}' is no IP address`);

/** An IP address or a CIDR range. */
export function subnet(text: string): string | undefined {
  const parts = text.split('/');
  if (parts.length !== 2) return address(text);
  const [base, bits] = parts as [string, string];
  const good = isAddress(base) && !base.includes('%') && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (isIPv4(base) ? 32 : 128);
  return good ? undefined : `'${text}' is no CIDR range`;
}

/** Path of a Unix socket, without `unix://`. */
export function unixSocket(path: string): string | undefined {
  if (path === '') return 'the path of a Unix socket must not be empty';
  if (path.startsWith('@')) return undefined;
  return path.startsWith('/') && !path.endsWith('/') ? undefined : `'${path}' is no absolute path of a file`;
}

/** Kubernetes labels: keys with an optional DNS prefix, values that may be empty. */
export function* labelProblems(set: Readonly<Record<string, string>> | undefined): Generator<[key: string, message: string]> {
  for (const [key, value] of Object.entries(set ?? {})) {
    const slash = key.lastIndexOf('/');
    const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
    const badPrefix = prefix !== undefined && (prefix.length > 253 || prefix.split('.').some((part) => !LABEL.test(part)));
    if (badPrefix || !QUALIFIED.test(name) || name.length > 63) yield [key, `'${key}' is no valid label key`];
    if (value !== '' && !QUALIFIED.test(value)) yield [key, `'${value}' is no valid label value`];
  }
}
