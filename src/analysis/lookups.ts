/** Questions that several checks ask of the mesh, as queries: each is answered once. */
import { isDeepStrictEqual } from 'node:util';
import type { VirtualService } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import { type Labels, selects } from '../model/labels.js';
import type { Mesh } from '../model/mesh.js';
import type { Service, Visibility } from '../model/service.js';
import { resolveNames } from '../model/virtual-service-names.js';
import { parseVisibility } from '../model/visibility.js';

/** A pod, a connected gateway, or (without an address) only a Service in front of ones that nobody knows. */
export interface GatewayWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly address?: string;
}

export interface Lookups {
  /** Of all services, sorted. */
  hostnames(): readonly string[];
  /** Services that a destination's host means anywhere, ExternalName followed to its end. */
  services(hostname: string): readonly Service[];
  /** Workloads that a Gateway's selector selects, in a stable order. */
  gatewayWorkloads(selector: Labels): readonly GatewayWorkload[];
  /** VirtualServices with exactly this host (resolved), oldest first; delegates have none. */
  virtualServicesOf(host: string): readonly VirtualService[];
  /** Hosts (resolved) of all VirtualServices, sorted. */
  virtualServiceHosts(): readonly string[];
  visibilityOf(row: VirtualService): Visibility;
  /** Namespaces with a Gateway of this name, sorted. */
  gatewaysNamed(name: string): readonly string[];
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

export function defineLookups(mesh: Mesh, domain: string): Lookups {
  const { graph, rows, services } = mesh;
  const hostnames = graph.query(
    'analysisHostnames',
    (): readonly string[] => [...new Set(services.namespaces().flatMap((namespace) => services.inNamespace(namespace).map(hostnameOf)))].sort(),
    { equals: sameList },
  );
  const virtualServices = rows.of('VirtualService');
  const byHost = virtualServices.index('analysisHost', (row) => resolveNames(row.spec, row.metadata.namespace, domain).hosts ?? []);
  const hosts = graph.query(
    'analysisVirtualServiceHosts',
    (): readonly string[] =>
      [...new Set([...virtualServices.list().values()].flatMap((row) => resolveNames(row.spec, row.metadata.namespace, domain).hosts ?? []))].sort(),
    { equals: sameList },
  );
  const exportTo = graph.query('analysisExportTo', (): readonly string[] => mesh.config().defaultVirtualServiceExportTo, {
    equals: isDeepStrictEqual,
  });
  const gatewaysByName = rows.of('Gateway').index('analysisName', (row) => [row.metadata.name]);

  /** Key: the selector as JSON. */
  const workloads = graph.query(
    'analysisGatewayWorkloads',
    (text: string): readonly GatewayWorkload[] => {
      const selector = JSON.parse(text) as Labels;
      const found = new Map<string, GatewayWorkload>();
      for (const row of rows.of('Pod').list().values()) {
        if (!selects(selector, row.metadata.labels)) continue;
        const { name, namespace } = row.metadata;
        const address = row.status?.podIP;
        found.set(`${namespace}/${name}`, { name, namespace, ...(address && { address }) });
      }
      for (const { key, type } of rows.proxies.list().values()) {
        const proxy = type === 'router' ? mesh.proxies.get(key) : undefined;
        if (proxy === undefined || !selects(selector, proxy.labels)) continue;
        const { name, namespace, ipAddresses } = proxy;
        found.set(`${namespace}/${name}`, { name, namespace, ...(ipAddresses[0] && { address: ipAddresses[0] }) });
      }
      if (found.size > 0) return [...found.values()];
      for (const row of rows.of('Service').list().values()) {
        if (Object.keys(selector).length > 0 && selects(selector, row.spec.selector ?? {})) {
          found.set(keyOf(row), { name: row.metadata.name, namespace: row.metadata.namespace });
        }
      }
      return [...found.values()];
    },
    { equals: isDeepStrictEqual },
  );

  const meant = (hostname: string, seen = new Set<string>()): readonly Service[] => {
    seen.add(hostname);
    return services.byHostname(hostname).flatMap((service) => {
      if (service.resolution !== 'Alias') return [service];
      const { externalName } = service;
      return externalName === undefined || seen.has(externalName) ? [] : meant(externalName, seen);
    });
  };

  return {
    hostnames: () => hostnames.get(''),
    services: meant,
    gatewayWorkloads: (selector) => workloads.get(JSON.stringify(Object.fromEntries(Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1))))),
    virtualServicesOf: (host) => [...byHost.get(host).values()].sort(byAge),
    virtualServiceHosts: () => hosts.get(''),
    visibilityOf: (row) => parseVisibility(row.spec.exportTo, row.metadata.namespace, exportTo.get('')),
    gatewaysNamed: (name) => [...gatewaysByName.get(name).values()].map((row) => row.metadata.namespace).sort(),
  };
}

const hostnameOf = (service: Service): string => service.hostname;
