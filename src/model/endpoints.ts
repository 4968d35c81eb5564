/**
 * Which workloads stand behind which service port, and the other way round: which service ports end at a workload (SD-011, SD-019, SD-042, SD-043, SD-063).
 */
import { isDeepStrictEqual } from 'node:util';
import type { WorkloadEntry } from '../api/istio.js';
import type { EndpointSlice, SliceEndpoint } from '../api/kubernetes.js';
import { keyIn, keyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import type { Clusters, Place } from './clusters.js';
import { bothFamilies, entryLabels, fromEntry, fromPod, fromSlice, ownHostname, serviceOfSlice } from './endpoint-sources.js';
import { type Labels, selects } from './labels.js';
import type { Endpoints, Mesh } from './mesh.js';
import type { Endpoint, HealthStatus, Port, Service, ServiceInCluster } from './service.js';
import { entryWorkloadName, podWorkloadName } from './workload.js';
import { healthCondition, reportsHealth } from './workload-registration.js';
import { defineWorkloadTargets } from './workload-targets.js';

export function defineEndpoints(graph: Graph, mesh: Pick<Mesh, 'rows' | 'services'> & { readonly clusters: Clusters }): Endpoints {
  const slices = mesh.rows.of('EndpointSlice');
  const pods = mesh.rows.of('Pod');
  const nodes = mesh.rows.of('Node');
  const entries = mesh.rows.of('WorkloadEntry');
  const serviceEntries = mesh.rows.of('ServiceEntry');
  const slicesByService = slices.index('service', (row) => {
    const name = serviceOfSlice(row);
    return name === undefined ? [] : [name];
  });
  const slicesByAddress = slices.index('address', (row) => new Set((row.spec.endpoints ?? []).flatMap((endpoint) => endpoint.addresses)));
  const podsByNamespace = pods.index('namespace', (row) => [row.metadata.namespace]);
  const podsByAddress = pods.index('address', (row) =>
    (row.status?.podIPs ?? [{ ip: row.status?.podIP ?? '' }]).map(({ ip }) => ip).filter((ip) => ip !== ''),
  );
  const entriesByNamespace = entries.index('namespace', (row) => [row.metadata.namespace]);
  const entriesByAddress = entries.index('address', (row) => [row.spec.address ?? '']);
  const inlineByAddress = serviceEntries.index('endpointAddress', (row) => (row.spec.endpoints ?? []).map((endpoint) => endpoint.address ?? ''));

  const place = (remote: string | undefined): Place => mesh.clusters.place(remote);
  const nodeAt = (remote: string | undefined, name: string | undefined) => (name === undefined ? undefined : nodes.get(keyIn(remote, `/${name}`)));
  /** A slice that was written by hand says no more than addresses: a pod of its namespace that has one is meant. */
  const podAt = (address: string, namespace: string, cluster: string | undefined) =>
    [...podsByAddress.get(address).values()].find(({ metadata }) => metadata.namespace === namespace && metadata.cluster === cluster);
  const lookUp = (endpoint: SliceEndpoint, address: string, { namespace, cluster }: EndpointSlice['metadata']) => {
    const { targetRef } = endpoint;
    const isPod = targetRef?.kind === 'Pod';
    const pod = isPod ? pods.get(keyIn(cluster, `${targetRef.namespace ?? namespace}/${targetRef.name ?? ''}`)) : podAt(address, namespace, cluster);
    const node = nodeAt(cluster, endpoint.nodeName ?? pod?.spec.nodeName);
    return { ...(pod && { pod }), ...(node && { node }), missing: isPod && pod === undefined };
  };

  const selectedPods = (service: Service, port: Port, { selector, isIn }: Selection): Endpoint[] => {
    if (selector === undefined) return [];
    return [...podsByNamespace.get(service.namespace).values()].flatMap((pod) => {
      const { cluster, labels } = pod.metadata;
      if (!isIn(cluster) || !selects(selector, labels)) return [];
      const one = fromPod(pod, nodeAt(cluster, pod.spec.nodeName), port, place(cluster));
      return one === undefined ? [] : [{ ...one, ...bothFamilies(pod, service) }];
    });
  };
  /** Health of an entry whose proxy reports it: what was not reported yet is not known to be healthy (SD-054, SD-055). */
  const healthOf = (row: WorkloadEntry): HealthStatus => {
    if (!reportsHealth(row)) return 'UNKNOWN';
    const isHealthy = mesh.rows.reportedHealth.get(keyOf(row))?.isHealthy ?? healthCondition(row.status);
    return isHealthy === true ? 'HEALTHY' : 'UNHEALTHY';
  };
  const selectedEntries = (service: Service, port: Port, { selector, isIn }: Selection): Endpoint[] => {
    if (selector === undefined) return [];
    return [...entriesByNamespace.get(service.namespace).values()].flatMap((row) => {
      const labels = entryLabels(row);
      const { name, namespace, cluster, annotations } = row.metadata;
      if (!isIn(cluster) || !selects(selector, labels)) return [];
      return (
        fromEntry(
          row.spec,
          { name, namespace, labels, annotations, source: 'WorkloadEntry', health: healthOf(row) },
          service,
          port,
          place(cluster),
        ) ?? []
      );
    });
  };

  /** One cluster's endpoints of a service: its own slices, pods and WorkloadEntries, chosen by its own Service (CL-004). */
  const endpointsIn = (service: Service, port: Port, part: Pick<ServiceInCluster, 'remote' | 'selector' | 'ports'>): readonly Endpoint[] => {
    const { remote, selector } = part;
    const isIn = (cluster: string | undefined): boolean => cluster === remote;
    const own = [...slicesByService.get(`${service.namespace}/${service.name}`).values()].filter(({ metadata }) => isIn(metadata.cluster));
    const fromSlices = own.flatMap((slice) =>
      fromSlice(slice, service, port, place(remote), (endpoint, address) => lookUp(endpoint, address, slice.metadata)),
    );
    // Files (and VMs) often carry no EndpointSlice: then the pods that the selector names are the endpoints.
    const ownPort = part.ports.find(({ name }) => name === port.name) ?? port;
    const workloads = own.length > 0 ? fromSlices : selectedPods(service, ownPort, { selector, isIn });
    return dedupe([...workloads, ...selectedEntries(service, ownPort, { selector, isIn })]);
  };
  const kubernetesEndpoints = (service: Service, port: Port): readonly Endpoint[] =>
    service.clusters === undefined ? endpointsIn(service, port, service) : service.clusters.flatMap((part) => endpointsIn(service, port, part));

  const externalEndpoints = (service: Service, port: Port): readonly Endpoint[] => {
    const row = serviceEntries.get(service.from.key);
    if (row === undefined) return [];
    if (service.selector !== undefined) {
      // A ServiceEntry finds its workloads in all clusters (SD-044).
      const selection = { selector: service.selector, isIn: () => true };
      // Pods that are not ready come back when they are; only Services tell of them.
      const readyPods = selectedPods(service, port, selection).filter(({ health }) => health !== 'UNHEALTHY');
      return dedupe([...readyPods, ...selectedEntries(service, port, selection)]);
    }
    const inline = row.spec.endpoints ?? [];
    const isDns = service.resolution === 'DNS' || service.resolution === 'DNSRoundRobin';
    if (inline.length === 0) return isDns ? [ownHostname(service, port, row.metadata.name, place(undefined))] : [];
    const { name, namespace } = row.metadata;
    return inline.flatMap(
      (entry, i) =>
        fromEntry(entry, { name: `${name}-${i}`, namespace, labels: entry.labels ?? {}, source: 'ServiceEntry' }, service, port, place(undefined)) ??
        [],
    );
  };

  const endpoints = graph.query(
    'endpoints',
    (key: string): readonly Endpoint[] => {
      const split = key.lastIndexOf('#');
      const service = mesh.services.get(key.slice(0, split));
      const port = service?.ports.find((candidate) => candidate.name === key.slice(split + 1));
      if (service === undefined || port === undefined || service.resolution === 'Alias') return [];
      return service.registry === 'Kubernetes' ? kubernetesEndpoints(service, port) : externalEndpoints(service, port);
    },
    { equals: isDeepStrictEqual },
  );
  const of = (serviceKey: string, portName: string): readonly Endpoint[] => endpoints.get(`${serviceKey}#${portName}`);

  const serviceAccounts = graph.query(
    'serviceAccounts',
    (key: string): readonly string[] => {
      const service = mesh.services.get(key);
      if (service === undefined) return [];
      const accounts = new Set(service.serviceAccounts);
      for (const port of service.ports)
        for (const endpoint of of(key, port.name)) if (endpoint.serviceAccount !== '') accounts.add(endpoint.serviceAccount);
      return [...accounts].sort();
    },
    { equals: isDeepStrictEqual },
  );

  const targets = defineWorkloadTargets(graph, {
    services: mesh.services,
    clusters: mesh.clusters,
    podsByAddress,
    slicesByAddress,
    entriesByAddress,
    inlineByAddress,
    endpoints: of,
  });

  /** Pods and WorkloadEntries name their workload; other endpoints have none that a proxy could be. */
  const workloadNameAt = graph.query('workloadNameAt', (address: string): string => {
    const [pod] = podsByAddress.get(address).values();
    if (pod !== undefined) return podWorkloadName(pod);
    const [entry] = entriesByAddress.get(address).values();
    return entry === undefined ? '' : entryWorkloadName(entry.metadata.name, entryLabels(entry), entry.metadata.annotations);
  });

  return {
    workloadNameAt: (address) => workloadNameAt.get(address),
    of,
    serviceAccounts: (key) => serviceAccounts.get(key),
    targetsAt: targets.at,
    targetsOfLabels: targets.labelled,
  };
}

/** Which workloads count: by labels, and by cluster. */
interface Selection {
  readonly selector: Labels | undefined;
  readonly isIn: (remote: string | undefined) => boolean;
}

/** Two sources of a cluster may name one workload (slices overlap while they are rebalanced): the first counts. */
function dedupe(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const seen = new Set<string>();
  return endpoints.filter(({ address, port, clusterId }) => {
    const key = `${address} ${port} ${clusterId}`;
    // Those without an address are only counted, behind a gateway.
    return address !== '' && seen.has(key) ? false : (seen.add(key), true);
  });
}
