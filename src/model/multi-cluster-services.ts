/**
 * Multi-Cluster Services (SD-061), off by default (`--mcs`): which endpoints of a service other clusters may use, and the host
 * `NAME.NAMESPACE.svc.clusterset.local` of what a cluster imports.
 * https://istio.io/latest/docs/reference/commands/pilot-discovery/#envvars (ENABLE_MCS_…)
 */
import { isIP } from 'node:net';
import { nameKeyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import type { Mesh } from './mesh.js';
import type { Service, ServiceInCluster } from './service.js';

/** `discovery`: exports count; `host`: imports have a host; `cluster-local`: the host `cluster.local` stays at home; `auto-export`: all is exported. */
export const MCS_PARTS = ['discovery', 'host', 'cluster-local', 'auto-export'] as const;
export type McsPart = (typeof MCS_PARTS)[number];

/** What each part is worth nothing without. */
export interface McsSettings {
  readonly discovery: boolean;
  readonly host: boolean;
  readonly clusterLocal: boolean;
  readonly autoExport: boolean;
}

export function mcsSettings(parts: readonly McsPart[] = []): McsSettings {
  const clusterLocal = parts.includes('cluster-local');
  const host = clusterLocal || parts.includes('host');
  return { discovery: parts.length > 0, host, clusterLocal, autoExport: parts.includes('auto-export') };
}

export const CLUSTER_SET_DOMAIN = 'clusterset.local';
const SUFFIX = `.svc.${CLUSTER_SET_DOMAIN}`;

export const isClusterSetHost = (hostname: string): boolean => hostname.endsWith(SUFFIX);

/** `namespace/name` of such a host. */
export function clusterSetName(hostname: string): string {
  const [name = '', namespace = ''] = hostname.slice(0, -SUFFIX.length).split('.');
  return `${namespace}/${name}`;
}

/** What one cluster imports. */
interface Import {
  readonly cluster: string;
  readonly remote?: string;
  readonly addresses: readonly string[];
}

export interface MultiClusterServices {
  readonly settings: McsSettings;
  /** Imports of `namespace/name` that have addresses, by name of the cluster. */
  imports(name: string): readonly Import[];
  /** Names of the clusters whose endpoints of the service everybody may use; undefined: of all clusters. */
  openClusters(service: Service): ReadonlySet<string> | undefined;
}

export function defineMultiClusterServices(
  graph: Graph,
  { rows }: Pick<Mesh, 'rows'>,
  clusterId: string,
  settings: McsSettings,
): MultiClusterServices {
  const exportsByName = rows.of('ServiceExport').index('name', (row) => [nameKeyOf(row)]);
  const importsByName = rows.of('ServiceImport').index('name', (row) => [nameKeyOf(row)]);
  const NOWHERE: ReadonlySet<string> = new Set();
  const exported = graph.query(
    'exportingClusters',
    (name: string): ReadonlySet<string> => new Set([...exportsByName.get(name).values()].map(({ metadata }) => metadata.cluster ?? clusterId)),
    { equals: (a, b) => a.size === b.size && [...a].every((cluster) => b.has(cluster)) },
  );
  return {
    settings,
    imports: (name) =>
      [...importsByName.get(name).values()]
        .map(({ metadata: { cluster }, spec }): Import => {
          const addresses = (spec.ips ?? []).filter((ip) => isIP(ip) !== 0).sort();
          return { cluster: cluster ?? clusterId, ...(cluster !== undefined && { remote: cluster }), addresses };
        })
        .filter(({ addresses }) => addresses.length > 0)
        .sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
    openClusters({ registry, hostname, namespace, name }) {
      if (!settings.discovery || registry !== 'Kubernetes') return undefined;
      if (settings.clusterLocal && !isClusterSetHost(hostname)) return NOWHERE;
      return settings.autoExport ? undefined : exported.get(`${namespace}/${name}`);
    },
  };
}

/** The service of an import: the real one, wherever it is, under another host and the addresses of who imports it. */
export function clusterSetService(real: Service, imports: readonly [Import, ...Import[]], clusterId: string): Service {
  const own: ServiceInCluster = {
    cluster: clusterId,
    addresses: real.addresses,
    ...(real.selector && { selector: real.selector }),
    ports: real.ports,
  };
  const parts = new Map((real.clusters ?? [own]).map((part) => [part.cluster, { ...part, addresses: [] as readonly string[] }]));
  for (const { cluster, remote, addresses } of imports) {
    // Who imports a service need not have it.
    const part = parts.get(cluster) ?? { cluster, ...(remote !== undefined && { remote }), ports: real.ports };
    parts.set(cluster, { ...part, addresses });
  }
  const [{ addresses }] = imports;
  return {
    ...real,
    key: `m:${real.namespace}/${real.name}`,
    hostname: `${real.name}.${real.namespace}${SUFFIX}`,
    address: addresses[0] as string,
    addresses,
    clusters: [...parts.values()].sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
    aliases: [],
  };
}
