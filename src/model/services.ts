/**
 * All services of the mesh, from Kubernetes Services and ServiceEntries, as queries (features section 1 SD).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Service as KubernetesService } from '../api/kubernetes.js';
import { keyOf, nameKeyOf } from '../api/resource.js';
import { compareTexts } from '../api/text-order.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import { defineAutoAddresses } from './auto-addresses.js';
import { serviceEntryClaims } from './host-claims.js';
import type { HostGrant, HostOwnership } from './host-ownership.js';
import { kubernetesHostname, type ServiceContext, type ServiceContextIn } from './kubernetes-service.js';
import { fromClusters } from './merged-service.js';
import type { Mesh, Services } from './mesh.js';
import {
  CLUSTER_SET_DOMAIN,
  clusterSetName,
  clusterSetService,
  defineMultiClusterServices,
  isClusterSetHost,
  type McsPart,
  mcsSettings,
} from './multi-cluster-services.js';
import { defineNamespaceDefaults } from './namespace-defaults.js';
import type { RemoteJwks } from './remote-keys.js';
import type { Service } from './service.js';
import { fromServiceEntry } from './service-entries.js';
import { isVisibleTo } from './visibility.js';

/** Settings of the control plane itself, not of the mesh's users. */
export interface ModelSettings {
  /** Domain of Kubernetes service names. @default 'cluster.local' */
  readonly domain: string;
  /** Name of the cluster whose configuration holds; its rows carry no cluster. @default 'Kubernetes' */
  readonly clusterId: string;
  /** The only namespaces that are read; empty or absent for all (SD-031). */
  readonly watchedNamespaces?: readonly string[];
  /** Gateways have only the clusters that they refer to (GW-033). */
  readonly filterGatewayClusters?: boolean;
  /** Who fetches the keys of RequestAuthentications (RA-006). @default 'istiod' */
  readonly remoteJwks?: RemoteJwks;
  /** Labels of services give them sessions (SD-060). */
  readonly persistentSessions?: boolean;
  /** Gateways speak HTTP/3 where their Service has a UDP port of the same number (GW-027). */
  readonly quicListeners?: boolean;
  /** What leaves workloads with IPv6 only over IPv4 is led to their proxies too (SD-068): ISTIO_ENABLE_IPV4_OUTBOUND_LISTENER_FOR_IPV6_CLUSTERS. */
  readonly ipv4Outbound?: boolean;
  /** Multi-Cluster Services (SD-061). @default none */
  readonly mcs?: readonly McsPart[];
  /** Credentials go only to those whom the rows of secret readers name; otherwise to every identity of the namespace. */
  readonly reviewsSecretReaders?: boolean;
  /** Workloads of Gateways are made by us: what they say of their infrastructure counts. */
  readonly deploysGateways?: boolean;
  /** Hosts that namespaces were granted. Given (even empty), hosts have owners: `--host-ownership strict`. */
  readonly hostGrants?: readonly HostGrant[];
}

/** Oldest first, then by name and namespace: Istio's order of services. */
export const byServiceAge = (a: Service, b: Service): number =>
  a.createdAt - b.createdAt || compareTexts(a.name, b.name) || compareTexts(a.namespace, b.namespace) || compareTexts(a.key, b.key);

/** Oldest first, then by hostname: Istio's order of the services that end at a workload. */
export const byAgeAndHostname = (a: Service, b: Service): number =>
  a.createdAt - b.createdAt || compareTexts(a.hostname, b.hostname) || compareTexts(a.key, b.key);

/** The cluster whose configuration holds first, then by name. */
function byCluster(a: KubernetesService, b: KubernetesService): number {
  return compareTexts(a.metadata.cluster ?? '', b.metadata.cluster ?? '');
}

export function defineServices(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config'> & { readonly ownership: () => HostOwnership | undefined },
  settings: ModelSettings,
): Services {
  const services = mesh.rows.of('Service');
  const entries = mesh.rows.of('ServiceEntry');
  const servicesByNamespace = services.index('namespace', (row) => [row.metadata.namespace]);
  const entriesByNamespace = entries.index('namespace', (row) => [row.metadata.namespace]);
  const hostOf = (row: KubernetesService): string => kubernetesHostname(row.metadata.name, row.metadata.namespace, settings.domain);
  const servicesByHost = services.index('hostname', (row) => [hostOf(row)]);
  /** One Service of a name in several clusters is one service (CL-003). */
  const servicesByName = services.index('name', (row) => [nameKeyOf(row)]);
  const namesOf = (rows: ReadonlyMap<string, KubernetesService>): readonly string[] => [...new Set([...rows.values()].map(nameKeyOf))];
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

  const namespaceDefaults = defineNamespaceDefaults(graph, mesh);
  const contextIn = (namespace: string): ServiceContextIn => ({ ...context.get(''), ...namespaceDefaults.get(namespace) });

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
      const [row, ...others] = [...servicesByName.get(key).values()].sort(byCluster);
      if (row === undefined) return undefined;
      const found = row.spec.type === 'ExternalName' ? [] : aliases(hostOf(row));
      const sorted = found.sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
      return fromClusters([row, ...others], settings.clusterId, contextIn(row.metadata.namespace), sorted);
    },
    { equals: isDeepStrictEqual },
  );
  const multiCluster = defineMultiClusterServices(graph, mesh, settings.clusterId, mcsSettings(settings.mcs));
  /** Key: `namespace/name` of the real service. */
  const clusterSet = graph.query(
    'clusterSetService',
    (key: string): Service | undefined => {
      const [first, ...others] = multiCluster.imports(key);
      const real = first === undefined ? undefined : kubernetes.get(key);
      return first === undefined || real === undefined || real.resolution === 'Alias'
        ? undefined
        : clusterSetService(real, [first, ...others], settings.clusterId);
    },
    { equals: isDeepStrictEqual },
  );
  /** Of services that are there. */
  const clusterSetOf = (names: readonly string[]): readonly Service[] =>
    multiCluster.settings.host ? names.flatMap((name) => clusterSet.get(name) ?? []) : [];
  const external = graph.query(
    'serviceEntryServices',
    (key: string): readonly Service[] => {
      const row = entries.get(key);
      if (row === undefined) return [];
      const found = fromServiceEntry(row, contextIn(row.metadata.namespace), (host) => autoAddresses.of(row, host));
      const ownership = mesh.ownership();
      return ownership === undefined || serviceEntryClaims(row, ownership).length === 0 ? found : found.map(keptAtHome);
    },
    { equals: isDeepStrictEqual },
  );

  const inNamespace = graph.query(
    'servicesInNamespace',
    (namespace: string): readonly Service[] =>
      [
        ...namesOf(servicesByNamespace.get(namespace)).map((name) => kubernetes.get(name) as Service),
        ...clusterSetOf(namesOf(servicesByNamespace.get(namespace))),
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
      ...namesOf(servicesByHost.get(hostname))
        .map((name) => kubernetes.get(name) as Service)
        .sort(byServiceAge),
      ...(isClusterSetHost(hostname) ? clusterSetOf([clusterSetName(hostname)]) : []),
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
      if (key.startsWith('m:')) return clusterSetOf([key.slice(2)])[0];
      const row = key.slice(2, key.indexOf('|'));
      return external.get(row).find((service) => service.key === key);
    },
    inNamespace: (namespace) => inNamespace.get(namespace),
    namespaces: () => namespaces.get(''),
    byHostname: (hostname) => byHostname.get(hostname),
    openClusters: (service) => multiCluster.openClusters(service),
    importDomain: multiCluster.settings.host ? CLUSTER_SET_DOMAIN : settings.domain,
    autoAddresses: (entry, host) => autoAddresses.of(entry, host.toLowerCase()),
  };
}

/** Seen by its own namespace only, if by anybody. */
function keptAtHome(service: Service): Service {
  const { visibility, namespace } = service;
  return {
    ...service,
    refused: true,
    visibility: isVisibleTo(visibility, namespace) ? { to: 'namespaces', namespaces: new Set([namespace]) } : { to: 'none' },
  };
}
