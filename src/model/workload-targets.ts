/**
 * Which service ports end at a workload (SD-063): what its inbound listeners are made of. A pod's services are those that select it, whatever
 * their slices say yet; a proxy of which nothing is known has the services that its own labels say.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ServiceEntry, WorkloadEntry } from '../api/istio.js';
import type { EndpointSlice, Pod } from '../api/kubernetes.js';
import { keyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import type { Clusters } from './clusters.js';
import { entryLabels, podTargetPort, serviceOfSlice } from './endpoint-sources.js';
import { type Labels, selects } from './labels.js';
import type { Services } from './mesh.js';
import { isClusterSetHost } from './multi-cluster-services.js';
import type { ServiceTarget } from './scope.js';
import type { Endpoint, Port, Service } from './service.js';
import { byAgeAndHostname } from './services.js';

interface Index<Row> {
  get(key: string): ReadonlyMap<string, Row>;
}

/** What is known of addresses, and the endpoints of a service port. */
export interface WorkloadInputs {
  readonly services: Services;
  readonly clusters: Clusters;
  readonly podsByAddress: Index<Pod>;
  readonly slicesByAddress: Index<EndpointSlice>;
  readonly entriesByAddress: Index<WorkloadEntry>;
  readonly inlineByAddress: Index<ServiceEntry>;
  endpoints(serviceKey: string, portName: string): readonly Endpoint[];
}

export interface WorkloadTargets {
  readonly at: (address: string, cluster?: string) => readonly ServiceTarget[];
  readonly labelled: (namespace: string, labels: Labels, cluster: string) => readonly ServiceTarget[];
}

export function defineWorkloadTargets(graph: Graph, inputs: WorkloadInputs): WorkloadTargets {
  const { services, clusters, podsByAddress, slicesByAddress, entriesByAddress, inlineByAddress } = inputs;

  /** What a service is in a cluster: its ports may lead elsewhere there (CL-003). Where it is not, it has neither selector nor ports. */
  const inCluster = (service: Service, cluster: string | undefined): Pick<Service, 'selector' | 'ports'> => {
    if (service.registry !== 'Kubernetes' || cluster === undefined) return service;
    if (service.clusters === undefined) return cluster === clusters.nameOf(undefined) ? service : { ports: [] };
    const part = service.clusters.find((one) => one.cluster === cluster);
    // A host of a cluster set is known where it is imported.
    return part === undefined || (isClusterSetHost(service.hostname) && part.addresses.length === 0) ? { ports: [] } : part;
  };
  /** Kubernetes Services of a cluster that select these labels. */
  const selecting = (namespace: string, labels: Labels, cluster: string): readonly Service[] =>
    services.inNamespace(namespace).filter((service) => {
      if (service.registry !== 'Kubernetes' || service.resolution === 'Alias') return false;
      const { selector } = inCluster(service, cluster);
      return selector !== undefined && selects(selector, labels);
    });

  /** Services that have endpoints at the address, those of pods aside. */
  const candidates = (address: string, hasPod: boolean): Set<string> => {
    const found = new Set<string>();
    for (const slice of hasPod ? [] : slicesByAddress.get(address).values()) {
      const name = serviceOfSlice(slice);
      if (name !== undefined) found.add(`k:${name}`);
    }
    const add = (namespace: string, labels: Labels, accepts: (service: Service) => boolean) => {
      for (const service of services.inNamespace(namespace))
        if (service.selector !== undefined && accepts(service) && selects(service.selector, labels)) found.add(service.key);
    };
    const isExternal = (service: Service): boolean => service.registry !== 'Kubernetes';
    for (const pod of podsByAddress.get(address).values()) add(pod.metadata.namespace, pod.metadata.labels, isExternal);
    for (const row of entriesByAddress.get(address).values()) add(row.metadata.namespace, entryLabels(row), () => true);
    for (const row of inlineByAddress.get(address).values()) {
      for (const service of services.inNamespace(row.metadata.namespace))
        if (service.from.kind === 'ServiceEntry' && service.from.key === keyOf(row)) found.add(service.key);
    }
    return found;
  };

  const byEndpoints = (service: Service, address: string, cluster: string | undefined): readonly ServiceTarget[] =>
    inCluster(service, cluster).ports.flatMap((port) => {
      const at = inputs
        .endpoints(service.key, port.name)
        .filter((one) => one.address === address && (cluster === undefined || one.clusterId === cluster || service.registry === 'External'));
      return [...new Set(at.map((endpoint) => endpoint.port))].map((targetPort) => targetOf(service, port, targetPort));
    });

  /** Key: address, and `@cluster` behind it to count only that cluster's endpoints: two clusters may use the same addresses. */
  const at = graph.query(
    'targetsAt',
    (key: string): readonly ServiceTarget[] => {
      const [address = '', cluster] = key.split('@');
      const pods = [...podsByAddress.get(address).values()].flatMap((pod) => {
        const itsCluster = clusters.nameOf(pod.metadata.cluster);
        if (cluster !== undefined && itsCluster !== cluster) return [];
        return [{ pod, itsCluster, chosen: selecting(pod.metadata.namespace, pod.metadata.labels, itsCluster) }];
      });
      const ofPods = new Map(pods.flatMap(({ pod, chosen, itsCluster }) => chosen.map((service) => [service.key, { pod, service, itsCluster }])));
      const others = [...candidates(address, ofPods.size > 0)].filter((one) => !ofPods.has(one)).map((one) => services.get(one));
      const all = [...[...ofPods.values()].map(({ service }) => service), ...others.filter((service) => service !== undefined)];
      const targets = all.sort(byAgeAndHostname).flatMap((service) => {
        const found = ofPods.get(service.key);
        if (found === undefined) return byEndpoints(service, address, cluster);
        return byPorts(service, inCluster(service, found.itsCluster), (port) => podTargetPort(found.pod, port));
      });
      return targets.sort((a, b) => a.targetPort - b.targetPort);
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: JSON of namespace, cluster and labels. */
  const labelled = graph.query(
    'targetsOfLabels',
    (key: string): readonly ServiceTarget[] => {
      const [namespace, cluster, labels] = JSON.parse(key) as [string, string, Labels];
      if (Object.keys(labels).length === 0) return [];
      const chosen = [...selecting(namespace, labels, cluster)].sort(byAgeAndHostname);
      // A port of a container by name is known to the pod alone.
      const numeric = ({ targetPort, port }: Port): number | undefined => (typeof targetPort === 'string' ? undefined : (targetPort ?? port));
      return chosen.flatMap((service) => byPorts(service, inCluster(service, cluster), numeric)).sort((a, b) => a.targetPort - b.targetPort);
    },
    { equals: isDeepStrictEqual },
  );

  return {
    at: (address, cluster) => at.get(cluster === undefined ? address : `${address}@${cluster}`),
    labelled: (namespace, labels, cluster) => labelled.get(JSON.stringify([namespace, cluster, labels])),
  };
}

/** Of two ports of a service that end at one port with one protocol the first counts. */
function byPorts(service: Service, { ports }: Pick<Service, 'ports'>, targetPort: (port: Port) => number | undefined): readonly ServiceTarget[] {
  const found = new Map<string, ServiceTarget>();
  for (const port of ports) {
    const target = targetPort(port);
    const key = `${target} ${port.protocol}`;
    if (target !== undefined && !found.has(key)) found.set(key, targetOf(service, port, target));
  }
  return [...found.values()];
}

const targetOf = (service: Service, port: Port, targetPort: number): ServiceTarget => ({
  service: service.key,
  hostname: service.hostname,
  port: port.port,
  portName: port.name,
  protocol: port.protocol,
  targetPort,
});
