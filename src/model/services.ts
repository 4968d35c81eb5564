/**
 * All services of the mesh, from Kubernetes Services and ServiceEntries, as queries (features section 1 SD).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Service as KubernetesService } from '../api/kubernetes.js';
import { keyOf } from '../api/resource.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import { defineAutoAddresses } from './auto-addresses.js';
import { fromKubernetes, kubernetesHostname, type ServiceContext } from './kubernetes-service.js';
import type { Mesh, Services } from './mesh.js';
import type { Service } from './service.js';
import { fromServiceEntry } from './service-entries.js';

/** Settings of the control plane itself, not of the mesh's users. */
export interface ModelSettings {
  /** Domain of Kubernetes service names. @default 'cluster.local' */
  readonly domain: string;
  /** Name of the cluster that rows without a cluster belong to. @default 'Kubernetes' */
  readonly clusterId: string;
}

/** Oldest first, then by name and namespace: Istio's order of services. */
export function byServiceAge(a: Service, b: Service): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  const left = `${a.name}.${a.namespace}`;
  const right = `${b.name}.${b.namespace}`;
  return left < right ? -1 : left > right ? 1 : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

export function defineServices(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>, settings: ModelSettings): Services {
  const services = mesh.rows.of('Service');
  const entries = mesh.rows.of('ServiceEntry');
  const servicesByNamespace = services.index('namespace', (row) => [row.metadata.namespace]);
  const entriesByNamespace = entries.index('namespace', (row) => [row.metadata.namespace]);
  const hostOf = (row: KubernetesService): string => kubernetesHostname(row.metadata.name, row.metadata.namespace, settings.domain);
  const servicesByHost = services.index('hostname', (row) => [hostOf(row)]);
  const entriesByHost = entries.index('hostname', (row) => (row.spec.hosts ?? []).map((host) => host.toLowerCase()));
  const autoAddresses = defineAutoAddresses(graph, entries);
  const aliasesOf = services.index('externalName', (row) =>
    row.spec.type === 'ExternalName' && row.spec.externalName ? [row.spec.externalName] : [],
  );

  const context = graph.query(
    'serviceContext',
    (): ServiceContext => {
      const { trustDomain, defaultServiceExportTo } = mesh.config();
      return { domain: settings.domain, trustDomain, defaultExportTo: defaultServiceExportTo };
    },
    { equals: isDeepStrictEqual },
  );

  /** ExternalName chains are followed to their end; a ring ends where it began. */
  const aliases = (hostname: string, seen = new Set([hostname])): { hostname: string; namespace: string }[] =>
    [...aliasesOf.get(hostname).values()].flatMap((row) => {
      const alias = hostOf(row);
      if (seen.has(alias)) return [];
      seen.add(alias);
      return [{ hostname: alias, namespace: row.metadata.namespace }, ...aliases(alias, seen)];
    });

  const kubernetes = graph.query(
    'service',
    (key: string): Service | undefined => {
      const row = services.get(key);
      if (row === undefined) return undefined;
      const found = row.spec.type === 'ExternalName' ? [] : aliases(hostOf(row));
      return fromKubernetes(
        row,
        context.get(''),
        found.sort((a, b) => (a.hostname < b.hostname ? -1 : 1)),
      );
    },
    { equals: isDeepStrictEqual },
  );
  const external = graph.query(
    'serviceEntryServices',
    (key: string): readonly Service[] => {
      const row = entries.get(key);
      return row === undefined ? [] : fromServiceEntry(row, context.get(''), (host) => autoAddresses.of(row, host));
    },
    { equals: isDeepStrictEqual },
  );

  const inNamespace = graph.query(
    'servicesInNamespace',
    (namespace: string): readonly Service[] =>
      [
        ...[...servicesByNamespace.get(namespace).values()].map((row) => kubernetes.get(keyOf(row)) as Service),
        ...[...entriesByNamespace.get(namespace).values()].flatMap((row) => external.get(keyOf(row))),
      ].sort(byServiceAge),
    { equals: sameElements },
  );
  const namespaces = graph.query(
    'serviceNamespaces',
    (): readonly string[] => {
      const found = new Set<string>();
      for (const row of services.list().values()) found.add(row.metadata.namespace);
      for (const row of entries.list().values()) found.add(row.metadata.namespace);
      return [...found].sort();
    },
    { equals: sameElements },
  );
  const byHostname = graph.query(
    'servicesByHostname',
    (hostname: string): readonly Service[] => [
      ...[...servicesByHost.get(hostname).values()].map((row) => kubernetes.get(keyOf(row)) as Service).sort(byServiceAge),
      ...[...entriesByHost.get(hostname).values()]
        .flatMap((row) => external.get(keyOf(row)))
        .filter((service) => service.hostname === hostname)
        .sort(byServiceAge),
    ],
    { equals: sameElements },
  );

  return {
    get(key) {
      if (key.startsWith('k:')) return kubernetes.get(key.slice(2));
      const row = key.slice(2, key.indexOf('|'));
      return external.get(row).find((service) => service.key === key);
    },
    inNamespace: (namespace) => inNamespace.get(namespace),
    namespaces: () => namespaces.get(''),
    byHostname: (hostname) => byHostname.get(hostname),
  };
}
