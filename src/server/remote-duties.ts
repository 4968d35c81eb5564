/**
 * What is done in remote clusters whose control plane we are (CL-012): by the leader, the mesh's roots in their namespaces; by every replica, our
 * root in the webhooks by which they inject. A cluster says so by the annotation topology.istio.io/controlPlaneClusters of its system namespace.
 * https://istio.io/latest/docs/setup/install/multicluster/primary-remote/
 */
import { keyIn } from '../api/resource.js';
import type { CertificateAuthority } from '../ca/authority.js';
import type { Query } from '../graph/graph.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { pause } from '../kubernetes/back-off.js';
import type { Mesh } from '../model/mesh.js';
import type { Clusters } from './clusters.js';
import { keepRootCertificates, type NamespaceRoots } from './root-certificates.js';

export interface RemoteDutiesParts {
  readonly mesh: Mesh;
  readonly clusters: Clusters;
  /** See {@link controlledClusters}. */
  readonly controlled: Query<string, boolean>;
  /** Works in a cluster until the signal aborts. */
  readonly work: (client: ApiClient, cluster: string, signal: AbortSignal) => void;
}

export interface RemoteRootsParts {
  readonly mesh: Mesh;
  readonly authority: CertificateAuthority;
  readonly roots: Query<string, NamespaceRoots>;
  readonly onError: (error: unknown, cluster: string, namespace: string) => void;
}

const CONTROLLED_BY = 'topology.istio.io/controlPlaneClusters';

/** Works until the signal aborts. */
export async function keepRemoteClusters(parts: RemoteDutiesParts, signal: AbortSignal): Promise<void> {
  const { mesh, clusters } = parts;
  const running = new Map<string, { readonly client: ApiClient; readonly stop: AbortController }>();
  let wake = new AbortController();
  const onChange = (): void => wake.abort();
  const watches = new Map<string, ReturnType<typeof watch>>();
  const watch = (cluster: string) => mesh.graph.watch(parts.controlled, cluster, onChange);
  const unwatch = clusters.onChange(onChange);
  while (!signal.aborted) {
    wake = new AbortController();
    const wanted = new Map<string, ApiClient>();
    for (const [cluster, client] of clusters.remote) {
      if (!watches.has(cluster)) watches.set(cluster, watch(cluster));
      if (watches.get(cluster)!.read()) wanted.set(cluster, client);
    }
    for (const [cluster, { client, stop }] of running) {
      if (wanted.get(cluster) === client) continue;
      stop.abort();
      running.delete(cluster);
    }
    for (const [cluster, client] of wanted) {
      if (running.has(cluster)) continue;
      const stop = new AbortController();
      running.set(cluster, { client, stop });
      parts.work(client, cluster, AbortSignal.any([signal, stop.signal]));
    }
    for (const [cluster, one] of watches) {
      if (clusters.remote.has(cluster)) continue;
      one.close();
      watches.delete(cluster);
    }
    await pause(LONGEST_MS, AbortSignal.any([signal, wake.signal]));
  }
  unwatch();
  for (const one of watches.values()) one.close();
}

const LONGEST_MS = 3_600_000;

/** The leader's work in a remote cluster. */
export function remoteRoots({ mesh, roots, authority, onError }: RemoteRootsParts): RemoteDutiesParts['work'] {
  return (client, cluster, signal) => {
    const failed = (error: unknown, namespace: string): void => onError(error, cluster, namespace);
    void keepRootCertificates({ mesh, roots, cluster, client, authority, onError: failed }, signal).catch((error: unknown) => failed(error, ''));
  };
}

/** Whether a remote cluster names us as its control plane: by the name of our cluster, or by a star. `namespace` is the system's, in all clusters. */
export const controlledClusters = (mesh: Mesh, own: string, namespace: string): Query<string, boolean> =>
  mesh.graph.query('controlledCluster', (cluster: string): boolean => {
    const names = mesh.rows.of('Namespace').get(keyIn(cluster, `/${namespace}`))?.metadata.annotations[CONTROLLED_BY] ?? '';
    return names.split(',').some((name) => name.trim() === own || name.trim() === '*');
  });
