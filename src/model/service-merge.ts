/**
 * One hostname, several services: which namespace wins and which ports are merged (SD-049, SD-050). Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OutboundScope } from './scope.js';
import type { Port, Service } from './service.js';

/** The namespace whose services a hostname means for the scope; `candidates` are visible ones in Istio's order. */
export function preferredNamespace(scope: Pick<OutboundScope, 'type' | 'namespace'>, candidates: readonly Service[]): string | undefined {
  if (scope.type === 'sidecar' && candidates.some((service) => service.namespace === scope.namespace)) return scope.namespace;
  return (candidates.find((service) => service.registry === 'Kubernetes') ?? candidates[0])?.namespace;
}

/** Explicitly exported services come before public ones; inside each the given order stays. */
export function exportedFirst(services: readonly Service[]): readonly Service[] {
  if (services.every((service) => service.visibility.to === 'all')) return services;
  return [...services.filter((service) => service.visibility.to !== 'all'), ...services.filter((service) => service.visibility.to === 'all')];
}

/** One service per hostname: Kubernetes before ServiceEntry, else the first, with the ports of equals joined. Order of first appearance. */
export function mergeByHostname(services: readonly Service[]): readonly Service[] {
  const merged = new Map<string, Service>();
  for (const service of services) {
    const existing = merged.get(service.hostname);
    if (existing === undefined) merged.set(service.hostname, service);
    else if (existing.registry !== 'Kubernetes' && service.registry === 'Kubernetes') merged.set(service.hostname, service);
    else if (existing !== service && canMerge(existing, service)) merged.set(service.hostname, withPorts(existing, service.ports));
  }
  return [...merged.values()];
}

function canMerge(a: Service, b: Service): boolean {
  return (
    a.registry === b.registry &&
    a.namespace === b.namespace &&
    a.resolution === b.resolution &&
    isDeepStrictEqual(a.labels, b.labels) &&
    isDeepStrictEqual(a.selector, b.selector) &&
    isDeepStrictEqual(a.visibility, b.visibility)
  );
}

function withPorts(service: Service, ports: readonly Port[]): Service {
  const added = ports.filter((port) => !service.ports.some((own) => own.port === port.port));
  return added.length === 0 ? service : { ...service, ports: [...service.ports, ...added] };
}

/** The service cut down to one port, or undefined when it lacks that port. */
export function onlyPort(service: Service, port: number): Service | undefined {
  const found = service.ports.find((candidate) => candidate.port === port);
  if (found === undefined) return undefined;
  return service.ports.length === 1 ? service : { ...service, ports: [found] };
}
