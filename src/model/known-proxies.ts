/**
 * A proxy as the mesh knows it. Where its pod's node or its WorkloadEntry stands counts before its own word, because a pod knows nothing of its
 * node (SD-025). Its labels are those of its pod, where the pod is known: rules select workloads by them, and no workload gets out of a rule, or
 * into one, by what its proxy claims.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../api/kubernetes.js';
import { keyIn } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import type { Clusters } from './clusters.js';
import { podWorkload } from './endpoint-sources.js';
import type { Labels } from './labels.js';
import type { Mesh } from './mesh.js';
import type { Proxy } from './proxy.js';
import type { Locality } from './service.js';
import { NO_LOCALITY, parseLocality } from './workload.js';

interface Facts {
  /** undefined: the proxy's own word counts. */
  readonly labels?: Labels;
  readonly locality: Locality;
}

/** Undefined for a key that no proxy has. */
export type KnownProxies = (proxyKey: string) => Proxy | undefined;

export function defineKnownProxies(graph: Graph, { rows, clusters }: Pick<Mesh, 'rows'> & { readonly clusters: Clusters }): KnownProxies {
  const pods = rows.of('Pod');
  const nodes = rows.of('Node');
  const podsByIp = pods.index('knownProxyAddress', (row) => (row.status?.podIPs ?? [{ ip: row.status?.podIP ?? '' }]).map(({ ip }) => ip));
  const entriesByAddress = rows.of('WorkloadEntry').index('knownProxyAddress', (row) => [row.spec.address ?? '']);

  /** By its name, else the only one of its namespace at its address: host networks are shared. */
  const podOf = (proxy: Proxy, remote: string | undefined): Pod | undefined => {
    const named = pods.get(keyIn(remote, `${proxy.namespace}/${proxy.name}`));
    if (named !== undefined) return named;
    const [only, ...others] = [...podsByIp.get(proxy.ipAddresses[0] as string).values()].filter(
      ({ metadata }) => metadata.cluster === remote && metadata.namespace === proxy.namespace,
    );
    return others.length === 0 ? only : undefined;
  };
  const fromPod = (proxy: Proxy): Facts | undefined => {
    const remote = clusters.remoteOf(proxy.clusterId);
    const pod = podOf(proxy, remote);
    if (pod === undefined) return undefined;
    const { nodeName = '' } = pod.spec;
    const node = nodeName === '' ? undefined : nodes.get(keyIn(remote, `/${nodeName}`));
    const at = { address: proxy.ipAddresses[0] as string, node, nodeName, namespace: proxy.namespace };
    const { labels, locality } = podWorkload(pod, at, clusters.place(remote));
    return { labels, locality };
  };
  const fromEntry = (proxy: Proxy): Facts | undefined => {
    const all = [...entriesByAddress.get(proxy.ipAddresses[0] as string).values()];
    const entry = all.find(({ metadata }) => metadata.namespace === proxy.namespace);
    return entry && { locality: parseLocality(entry.spec.locality ?? '') };
  };
  const known = graph.query(
    'knownProxy',
    (key: string): Proxy | undefined => {
      const proxy = rows.proxies.get(key);
      const facts = proxy && (fromPod(proxy) ?? fromEntry(proxy));
      if (proxy === undefined || facts === undefined) return proxy;
      const { labels = proxy.labels, locality } = facts;
      return { ...proxy, labels, locality: isDeepStrictEqual(locality, NO_LOCALITY) ? proxy.locality : locality };
    },
    { equals: isDeepStrictEqual },
  );
  return (key) => known.get(key);
}
