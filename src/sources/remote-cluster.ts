/**
 * What a remote cluster's files may hold: Kubernetes' own kinds, and WorkloadEntries (SD-044). All other configuration comes from the cluster
 * whose configuration holds. https://istio.io/latest/docs/ops/deployment/deployment-models/#multiple-clusters
 */
import { delimiter } from 'node:path';
import type { AnyRow, Kind } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';

const KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'Namespace',
  'Node',
  'Pod',
  'Service',
  'EndpointSlice',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'WorkloadEntry',
  'ServiceExport',
  'ServiceImport',
]);

/** True for kinds that are read from remote clusters. */
export const isReadFromRemote = (kind: Kind): boolean => KINDS.has(kind);

/** The row as one of a remote cluster; undefined for kinds that are not read from there. */
export const ofCluster = (row: AnyRow, cluster: string): AnyRow | undefined =>
  isReadFromRemote(row.kind) ? ({ ...row, metadata: Object.freeze({ ...row.metadata, cluster }) } as AnyRow) : undefined;

/** Tells that a resource is passed over. */
export const notReadFrom = (cluster: string, { kind, metadata: { namespace, name } }: AnyRow): Problem => ({
  severity: 'warning',
  code: 'not-read-from-remote-cluster',
  message: `a ${kind} has no effect in remote cluster ${cluster}: put it into the configuration that --config names`,
  resource: { kind, namespace, name },
});

/** Files and folders of one remote cluster. */
export interface RemoteCluster {
  readonly cluster: string;
  readonly paths: readonly string[];
}

/** Reads `NAME=PATH`, several joined as in PATH. Says what is wrong by throwing an Error. */
export function parseRemoteClusters(text: string): readonly RemoteCluster[] {
  return text
    .split(delimiter)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.indexOf('=');
      const cluster = entry.slice(0, Math.max(at, 0));
      if (!/^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(cluster) || at === entry.length - 1)
        throw new Error(`${JSON.stringify(entry)} is not NAME=PATH, with the name of a cluster`);
      return { cluster, paths: [entry.slice(at + 1)] };
    });
}

/** Each cluster once. Throws where one has the name of the cluster whose configuration holds. */
export function joinRemoteClusters(clusters: readonly RemoteCluster[], own: string): readonly RemoteCluster[] {
  const paths = new Map<string, string[]>();
  for (const one of clusters) paths.set(one.cluster, [...(paths.get(one.cluster) ?? []), ...one.paths]);
  if (paths.has(own)) throw new Error(`cluster ${own} is the one whose configuration holds; a remote cluster needs another name`);
  return [...paths].map(([cluster, all]) => ({ cluster, paths: all }));
}
