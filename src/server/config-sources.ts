/** Where `mizzen serve` reads the mesh from: files or the Kubernetes API, and files of remote clusters beside either. */
import type { ApiClient } from '../kubernetes/api-client.js';
import type { LiveStatuses } from '../kubernetes/live-statuses.js';
import { FilesSource } from '../sources/files.js';
import { KubernetesSource } from '../sources/kubernetes/kubernetes.js';
import { RemoteClusters } from '../sources/kubernetes/remote-clusters.js';
import type { RevisionTags } from '../sources/kubernetes/revision-tags.js';
import { joinRemoteClusters } from '../sources/remote-cluster.js';
import type { Clusters } from './clusters.js';
import type { ClusterSource } from './config-loader.js';
import type { ServeOptions } from './options.js';

/** ConfigMap that a revision's settings are in, as Istio's charts call it. */
export const settingsName = (revision: string): string => (revision === 'default' ? 'istio' : `istio-${revision}`);

/** What of the Kubernetes API there is where that is the source. */
export interface KubernetesParts {
  readonly clusters: Clusters;
  readonly tags: RevisionTags;
  readonly live: LiveStatuses | undefined;
}

/** The sources, the cluster whose configuration holds first. */
export function configSources(options: ServeOptions, kubernetes: KubernetesParts | undefined): readonly ClusterSource[] {
  const { config, cluster, remoteCluster, meshConfig, debounceAfter, debounceMax, namespace, revision } = options;
  const debounce = { quiet: debounceAfter, max: debounceMax };
  const readsExports = options.mcs.length > 0;
  const files = new FilesSource({ paths: config, debounce, ...(meshConfig !== undefined && { meshConfig }) });
  const own: ClusterSource[] = [];
  if (kubernetes !== undefined) {
    const { clusters, tags: names, live } = kubernetes;
    const client = clusters.own;
    // A file of settings counts instead of the ConfigMap: where it is mounted, both say the same.
    const settings = meshConfig === undefined ? { settings: { namespace, name: settingsName(revision) } } : {};
    own.push({ source: new KubernetesSource({ client, debounce, names, readsExports, ...settings, ...(live && { live }) }) });
  }
  if (kubernetes === undefined || meshConfig !== undefined) own.push({ source: files });
  const remote = joinRemoteClusters(remoteCluster, cluster).map((one) => ({ cluster: one.cluster, source: new FilesSource({ ...one, debounce }) }));
  if (kubernetes !== undefined) {
    const { clusters, tags: names } = kubernetes;
    const taken = [cluster, ...remoteCluster.map((one) => one.cluster)];
    const onCluster = (name: string, client: ApiClient | undefined): void =>
      client === undefined ? clusters.delete(name) : clusters.set(name, client);
    own.push({ source: new RemoteClusters({ client: clusters.own, namespace, taken, debounce, names, readsExports, onCluster }) });
  }
  return [...own, ...remote];
}
