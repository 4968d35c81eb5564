/**
 * Which workloads stand behind which service port, and the other way round: which service ports end at a workload (SD-011, SD-019, SD-042, SD-043, SD-063).
 */
import { isDeepStrictEqual } from 'node:util';
import type { WorkloadEntry } from '../api/istio.js';
import type { EndpointSlice, Pod, SliceEndpoint } from '../api/kubernetes.js';
import { keyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import { entryLabels, fromEntry, fromPod, fromSlice, ownHostname, type Place } from './endpoint-sources.js';
import { selects } from './labels.js';
import type { Endpoints, Mesh } from './mesh.js';
import type { ServiceTarget } from './scope.js';
import type { Endpoint, HealthStatus, Port, Service } from './service.js';
import { byServiceAge, type ModelSettings } from './services.js';
import { NETWORK } from './workload.js';
import { healthCondition, reportsHealth } from './workload-registration.js';

const SERVICE_NAME = 'kubernetes.io/service-name';

export function defineEndpoints(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config' | 'services'>, settings: ModelSettings): Endpoints {
  const slices = mesh.rows.of('EndpointSlice');
  const pods = mesh.rows.of('Pod');
  const nodes = mesh.rows.of('Node');
  const entries = mesh.rows.of('WorkloadEntry');
  const serviceEntries = mesh.rows.of('ServiceEntry');
  const slicesByService = slices.index('service', (row) => {
    const name = row.metadata.labels[SERVICE_NAME];
    return name === undefined ? [] : [`${row.metadata.namespace}/${name}`];
  });
  const slicesByAddress = slices.index('address', (row) => new Set((row.spec.endpoints ?? []).flatMap((endpoint) => endpoint.addresses)));
  const podsByNamespace = pods.index('namespace', (row) => [row.metadata.namespace]);
  const podsByAddress = pods.index('address', (row) =>
    (row.status?.podIPs ?? [{ ip: row.status?.podIP ?? '' }]).map(({ ip }) => ip).filter((ip) => ip !== ''),
  );
  const entriesByNamespace = entries.index('namespace', (row) => [row.metadata.namespace]);
  const entriesByAddress = entries.index('address', (row) => [row.spec.address ?? '']);
  const inlineByAddress = serviceEntries.index('endpointAddress', (row) => (row.spec.endpoints ?? []).map((endpoint) => endpoint.address ?? ''));

  const place = graph.query(
    'place',
    (): Place => {
      const { trustDomain, rootNamespace } = mesh.config();
      const network = mesh.rows.of('Namespace').get(`/${rootNamespace}`)?.metadata.labels[NETWORK] ?? '';
      return { clusterId: settings.clusterId, network, trustDomain };
    },
    { equals: isDeepStrictEqual },
  );

  const lookUp = (endpoint: SliceEndpoint, namespace: string) => {
    const { targetRef } = endpoint;
    const isPod = targetRef?.kind === 'Pod';
    const pod = isPod ? pods.get(`${targetRef.namespace ?? namespace}/${targetRef.name ?? ''}`) : undefined;
    const nodeName = endpoint.nodeName ?? pod?.spec.nodeName;
    const node = nodeName === undefined ? undefined : nodes.get(`/${nodeName}`);
    return { ...(pod && { pod }), ...(node && { node }), missing: isPod && pod === undefined };
  };
  const nodeOf = (pod: Pod) => (pod.spec.nodeName === undefined ? undefined : nodes.get(`/${pod.spec.nodeName}`));

  const selectedPods = (service: Service, port: Port): Endpoint[] => {
    const { selector } = service;
    if (selector === undefined) return [];
    return [...podsByNamespace.get(service.namespace).values()].flatMap((pod) => {
      if (!selects(selector, pod.metadata.labels)) return [];
      return fromPod(pod, nodeOf(pod), port, place.get('')) ?? [];
    });
  };
  /** Health of an entry whose proxy reports it: what was not reported yet is not known to be healthy (SD-054, SD-055). */
  const healthOf = (row: WorkloadEntry): HealthStatus => {
    if (!reportsHealth(row)) return 'UNKNOWN';
    const isHealthy = mesh.rows.reportedHealth.get(keyOf(row))?.isHealthy ?? healthCondition(row.status);
    return isHealthy === true ? 'HEALTHY' : 'UNHEALTHY';
  };
  const selectedEntries = (service: Service, port: Port): Endpoint[] => {
    const { selector } = service;
    if (selector === undefined) return [];
    return [...entriesByNamespace.get(service.namespace).values()].flatMap((row) => {
      const labels = entryLabels(row);
      if (!selects(selector, labels)) return [];
      const { name, namespace } = row.metadata;
      return fromEntry(row.spec, { name, namespace, labels, source: 'WorkloadEntry', health: healthOf(row) }, service, port, place.get('')) ?? [];
    });
  };

  const kubernetesEndpoints = (service: Service, port: Port): readonly Endpoint[] => {
    const own = [...slicesByService.get(service.from.key).values()];
    const fromSlices = own.flatMap((slice) =>
      fromSlice(slice, service, port, place.get(''), (endpoint) => lookUp(endpoint, slice.metadata.namespace)),
    );
    // Files (and VMs) often carry no EndpointSlice: then the pods that the selector names are the endpoints.
    const workloads = own.length > 0 ? fromSlices : selectedPods(service, port);
    return dedupe([...workloads, ...selectedEntries(service, port)]);
  };

  const externalEndpoints = (service: Service, port: Port): readonly Endpoint[] => {
    const row = serviceEntries.get(service.from.key);
    if (row === undefined) return [];
    if (service.selector !== undefined) return dedupe([...selectedPods(service, port), ...selectedEntries(service, port)]);
    const inline = row.spec.endpoints ?? [];
    const isDns = service.resolution === 'DNS' || service.resolution === 'DNSRoundRobin';
    if (inline.length === 0) return isDns ? [ownHostname(service, port, row.metadata.name, place.get(''))] : [];
    const { name, namespace } = row.metadata;
    return inline.flatMap(
      (entry, i) =>
        fromEntry(entry, { name: `${name}-${i}`, namespace, labels: entry.labels ?? {}, source: 'ServiceEntry' }, service, port, place.get('')) ?? [],
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

  /** Keys of the services that may have an endpoint at this address. */
  const candidates = (address: string): Set<string> => {
    const found = new Set<string>();
    for (const slice of slicesByAddress.get(address).values()) {
      const name = serviceOfSlice(slice);
      if (name !== undefined) found.add(`k:${name}`);
    }
    const selecting = (namespace: string, labels: Readonly<Record<string, string>>) => {
      for (const service of mesh.services.inNamespace(namespace))
        if (service.selector !== undefined && selects(service.selector, labels)) found.add(service.key);
    };
    for (const pod of podsByAddress.get(address).values()) selecting(pod.metadata.namespace, pod.metadata.labels);
    for (const row of entriesByAddress.get(address).values()) selecting(row.metadata.namespace, entryLabels(row));
    for (const row of inlineByAddress.get(address).values()) {
      for (const service of mesh.services.inNamespace(row.metadata.namespace))
        if (service.from.kind === 'ServiceEntry' && service.from.key === keyOf(row)) found.add(service.key);
    }
    return found;
  };
  const targetsAt = graph.query(
    'targetsAt',
    (address: string): readonly ServiceTarget[] => {
      const services = [...candidates(address)]
        .map((key) => mesh.services.get(key))
        .filter((service) => service !== undefined)
        .sort(byServiceAge);
      const targets = services.flatMap((service) =>
        service.ports.flatMap((port) => {
          const at = of(service.key, port.name).filter((endpoint) => endpoint.address === address);
          return [...new Set(at.map((endpoint) => endpoint.port))].map((targetPort) => ({
            service: service.key,
            hostname: service.hostname,
            port: port.port,
            portName: port.name,
            targetPort,
          }));
        }),
      );
      return targets.sort((a, b) => a.targetPort - b.targetPort);
    },
    { equals: isDeepStrictEqual },
  );

  return { of, serviceAccounts: (key) => serviceAccounts.get(key), targetsAt: (address) => targetsAt.get(address) };
}

function serviceOfSlice(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels[SERVICE_NAME];
  return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`;
}

/** Two sources may name one workload (slices overlap while they are rebalanced): the first counts. */
function dedupe(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const seen = new Set<string>();
  return endpoints.filter(({ address, port }) => {
    const key = `${address} ${port}`;
    return seen.has(key) ? false : (seen.add(key), true);
  });
}
