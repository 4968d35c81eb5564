/**
 * Which virtual hosts a sidecar's route configuration has, in which order and with which domains; where their routes come from is named,
 * not looked up. Pure. XC-004, VS-001, VS-002, VS-006, VS-042, VS-043, VS-046, VS-047.
 */
import { bySpecificity, hostIsWithin, hostsOverlap, isWildcard } from '../../model/hosts.js';
import { isDetected, isHttp } from '../../model/protocol.js';
import type { Port, Service } from '../../model/service.js';
import { authority } from './default-route.js';
import { type DomainScope, type Domains, hostDomains, serviceDomains } from './domains.js';

/** A VirtualService as far as the choice of virtual hosts depends on it. */
export interface HostBinding {
  readonly key: string;
  readonly hosts: readonly string[];
  readonly isGatewayApi: boolean;
  /** Made from Ingresses: bound to the gateways of all that have its host, whose plain HTTP servers are one route configuration. */
  readonly isIngress?: boolean;
}

/** Where the routes of a virtual host come from: a VirtualService, or a service port by itself. */
export type RoutesFrom = { readonly virtualService: string } | { readonly service: Service; readonly port: number };

export interface PlannedHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly from: RoutesFrom;
}

export interface SidecarHostsInput {
  readonly scope: DomainScope;
  /** 0: all ports, and host headers carry ports. */
  readonly listenPort: number;
  /** Services of the egress listener. */
  readonly services: readonly Service[];
  /** VirtualServices of the egress listener in their order. */
  readonly virtualServices: readonly HostBinding[];
  /** Some route of the VirtualService holds on this listener and proxy. */
  readonly hasRoutes: (virtualService: string) => boolean;
}

interface Candidate {
  readonly port: number;
  readonly host: string;
  readonly service?: Service;
  readonly from: RoutesFrom;
}

/** Plans the virtual hosts, sorted by name. Of two with one name, or one domain, the earlier has it: VirtualServices before plain services. */
export function sidecarHosts(input: SidecarHostsInput): readonly PlannedHost[] {
  const registry = servicesOnPort(input);
  const candidates = [...virtualServiceHosts(input, registry), ...plainHosts(input, registry)];
  const realNames = new Set<string>();
  for (const { service, port } of candidates) if (service !== undefined) realNames.add(service.hostname).add(authority(service.hostname, port));
  const taken = new Set<string>();
  const planned = new Map<string, PlannedHost>();
  for (const { port, host, service, from } of candidates) {
    if (input.listenPort !== 0 && port !== input.listenPort) continue;
    const name = authority(host, port);
    if (planned.has(name)) continue;
    const domains = free(domainsOf(input, port, host, service), taken, realNames);
    if (domains.length > 0) planned.set(name, { name, domains, from });
  }
  return [...planned.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function domainsOf({ scope, listenPort }: SidecarHostsInput, port: number, host: string, service: Service | undefined): Domains {
  const suffixPort = listenPort === 0 ? port : undefined;
  const domains = service === undefined ? hostDomains(host) : serviceDomains(service, scope, suffixPort);
  // Without a port in it a host header means port 80.
  if (listenPort !== 0 || port === 80) return domains;
  return { ...domains, all: domains.all.filter((domain) => domain.includes(':')) };
}

function free(domains: Domains, taken: Set<string>, realNames: ReadonlySet<string>): string[] {
  return domains.all.filter((domain) => {
    const key = domain.toLowerCase();
    // `foo.com.cluster.local` shortened must not hide the real `foo.com`.
    if (taken.has(key) || (realNames.has(domain) && domains.short.includes(domain))) return false;
    taken.add(key);
    return true;
  });
}

/** Services that count on the listener, by lower-case hostname, in a stable order. */
function servicesOnPort({ services, listenPort }: SidecarHostsInput): ReadonlyMap<string, Service> {
  const found = new Map<string, Service>();
  for (const service of services) {
    if (listenPort !== 0 && portOf(service, listenPort) === undefined) continue;
    const hostname = service.hostname.toLowerCase();
    found.set(hostname, hostname === service.hostname ? service : { ...service, hostname });
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const portOf = (service: Service, number: number): Port | undefined => service.ports.find((port) => port.port === number && port.protocol !== 'UDP');
const carriesHttp = (port: Port): boolean => isHttp(port.protocol) || isDetected(port.protocol);

/** Ports of a service that get virtual hosts here. */
function httpPorts(service: Service, listenPort: number): number[] {
  if (listenPort === 0) return service.ports.filter(carriesHttp).map((port) => port.port);
  const port = portOf(service, listenPort);
  return port !== undefined && carriesHttp(port) ? [listenPort] : [];
}

function* virtualServiceHosts(input: SidecarHostsInput, registry: ReadonlyMap<string, Service>): Generator<Candidate> {
  const wildcardServices = [...registry.keys()].filter(isWildcard);
  const mostSpecific = mostSpecificBindings(input);
  for (const binding of input.virtualServices) {
    // On port 80 also hosts that are no service: requests to them may be routed all the same.
    if (input.listenPort !== 80 && !touchesService(binding, registry, wildcardServices)) continue;
    const { others, services } = splitHosts(binding, registry, mostSpecific);
    if (binding.isGatewayApi && services.length === 0) continue;
    const ports = [...new Set(services.flatMap((service) => httpPorts(service, input.listenPort)))];
    if (ports.length === 0 && input.listenPort === 80) ports.push(80);
    if (ports.length === 0 || !input.hasRoutes(binding.key)) continue;
    const from = { virtualService: binding.key };
    for (const port of ports) {
      for (const host of others) yield { port, host: host.toLowerCase(), from };
      for (const service of services) if (httpPorts(service, input.listenPort).includes(port)) yield { port, host: service.hostname, service, from };
    }
  }
}

function* plainHosts(input: SidecarHostsInput, registry: ReadonlyMap<string, Service>): Generator<Candidate> {
  for (const service of registry.values()) {
    if (service.resolution === 'Alias') continue;
    for (const port of httpPorts(service, input.listenPort)) yield { port, host: service.hostname, service, from: { service, port } };
  }
}

function touchesService({ hosts }: HostBinding, registry: ReadonlyMap<string, Service>, wildcardServices: readonly string[]): boolean {
  return hosts.some((written) => {
    const host = written.toLowerCase();
    if (registry.has(host)) return true;
    if (isWildcard(host)) return [...registry.keys()].some((service) => hostsOverlap(host, service));
    return wildcardServices.some((service) => hostIsWithin(host, service));
  });
}

/** A VirtualService's hosts as services and as plain names. A wildcard takes the services for which no other VirtualService is nearer. */
function splitHosts(
  binding: HostBinding,
  registry: ReadonlyMap<string, Service>,
  mostSpecific: (hostname: string) => string | undefined,
): { others: string[]; services: Service[] } {
  const others: string[] = [];
  const services: Service[] = [];
  for (const host of binding.hosts.filter((name) => !isWildcard(name))) {
    const service = registry.get(host.toLowerCase());
    if (service === undefined) others.push(host);
    else services.push(service);
  }
  for (const host of binding.hosts.filter(isWildcard).map((name) => name.toLowerCase())) {
    const matching = [...registry.values()].filter((service) => hostsOverlap(service.hostname, host));
    if (binding.isGatewayApi || matching.length === 0) others.push(host);
    else services.push(...matching.filter((service) => mostSpecific(service.hostname) === binding.key));
  }
  return { others, services };
}

/** The VirtualService with the nearest host for a service: exact, else the longest wildcard; the first of equals. */
function mostSpecificBindings({ virtualServices }: SidecarHostsInput): (hostname: string) => string | undefined {
  const exact = new Map<string, string>();
  const wildcards = new Map<string, string>();
  for (const { key, hosts } of virtualServices) {
    for (const host of hosts) {
      const known = isWildcard(host) ? wildcards : exact;
      if (!known.has(host)) known.set(host, key);
    }
  }
  const sorted = [...wildcards.keys()].sort(bySpecificity);
  return (hostname) => exact.get(hostname) ?? wildcards.get(sorted.find((pattern) => hostIsWithin(hostname, pattern)) ?? '');
}
