/**
 * The host headers that mean a service: domains of its virtual host (SD-004, envoy-shapes §7). Full name, the name with a final dot, short
 * names as far as the client's DNS search would find them, and its addresses.
 */
import type { Service } from '../../model/service.js';
import { type AddressScope, ANY_ADDRESS, reachableAddresses } from '../../model/service-addresses.js';
import { authority } from './default-route.js';

/** What domains depend on at the client. */
export interface DomainScope extends AddressScope {
  /** `ns.svc.cluster.local` */
  readonly dnsDomain: string;
}

/** Domains in order. `short` are those that were made by shortening: a real host of the same name goes before them. */
export interface Domains {
  readonly all: readonly string[];
  readonly short: readonly string[];
}

/**
 * Domains of a service. Where the listener ignores ports in host headers `suffixPort` is undefined; proxies of the HTTP_PROXY kind see
 * `host:port`, so there every name is listed with the port too.
 */
export function serviceDomains(service: Service, scope: DomainScope, suffixPort?: number): Domains {
  const all: string[] = [];
  const short: string[] = [];
  for (const host of [service.hostname, ...service.aliases.map((alias) => alias.hostname)]) {
    pushHost(all, host, suffixPort);
    const before = all.length;
    for (const name of shorterForms(host, scope.dnsDomain)) pushHost(all, name, suffixPort);
    short.push(...all.slice(before));
  }
  // Pods of a headless service have names of their own below it.
  if (service.resolution === 'Passthrough' && service.registry === 'Kubernetes') all.push(...all.map((domain) => `*.${domain}`));
  for (const address of reachableAddresses(service, scope)) if (address !== ANY_ADDRESS) pushHost(all, address, suffixPort);
  return { all, short };
}

/** Domains of a VirtualService's host that is no service. */
export function hostDomains(host: string, suffixPort?: number): Domains {
  const all: string[] = [];
  pushHost(all, host, suffixPort);
  return { all, short: [] };
}

function pushHost(domains: string[], host: string, port: number | undefined): void {
  domains.push(host.includes(':') ? `[${host}]` : host);
  if (port !== undefined) domains.push(authority(host, port));
}

/** Forms of a name besides itself, as a client in `dnsDomain` may write it. */
function shorterForms(host: string, dnsDomain: string): string[] {
  const isAddress = host.includes(':') || /^\d+(\.\d+){3}$/.test(host);
  const forms = isAddress ? [] : [`${host}.`];
  const svc = dnsDomain.indexOf('.svc.');
  if (svc < 0) return [...forms, ...bySharedSuffix(host, dnsDomain)];
  // In Kubernetes only names of services may be shortened: others could collide with them.
  const end = host.indexOf('.svc.');
  if (end <= 0 || !host.endsWith(dnsDomain.slice(svc))) return forms;
  const dot = host.indexOf('.');
  if (dot + 1 > end) return forms;
  const named = host.slice(0, end);
  if (host.slice(dot + 1, end) === dnsDomain.slice(0, svc)) return [...forms, host.slice(0, dot), `${named}.svc`, named];
  return [...forms, named, `${named}.svc`];
}

/** Outside Kubernetes: drop the labels that host and client have in common at the end. */
function bySharedSuffix(host: string, dnsDomain: string): string[] {
  const labels = host.split('.');
  const own = dnsDomain.split('.');
  let shared = 0;
  while (shared < labels.length && shared < own.length && labels.at(-1 - shared) === own.at(-1 - shared)) shared++;
  if (shared === 0) return [];
  const unique = labels.slice(0, labels.length - shared);
  const name = unique.join('.');
  return unique.length === 2 ? [name, `${name}.${labels[labels.length - shared]}`] : [name];
}
