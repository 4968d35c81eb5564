/**
 * Rows → Endpoints: pure conversions for each kind of row that can stand behind a service
 * (EndpointSlice SD-019, Pod, WorkloadEntry SD-042/043/051, ServiceEntry endpoints SD-034/035/047).
 */
import { isIP } from 'node:net';
import type { WorkloadEntry, WorkloadEntrySpec } from '../api/istio.js';
import type { EndpointSlice, Node, Pod, SliceEndpoint } from '../api/kubernetes.js';
import { networkAt, type Place } from './clusters.js';
import type { Endpoint, HealthStatus, Port, Service } from './service.js';
import {
  canonicalName,
  canonicalRevision,
  entryWorkloadName,
  labelledLocality,
  NETWORK,
  NO_LOCALITY,
  nodeLocality,
  parseLocality,
  podWorkloadName,
  spiffeId,
  tlsModeOf,
  withTopology,
} from './workload.js';

type Workload = Omit<Endpoint, 'address' | 'port' | 'servicePortName' | 'health' | 'source' | 'hostname'>;

/** Everything of an endpoint that comes from its pod; a bare address has no pod. */
export function podWorkload(
  pod: Pod | undefined,
  at: { readonly address: string; readonly node: Node | undefined; readonly nodeName: string; readonly namespace: string },
  place: Place,
): Workload {
  const { address, node, nodeName, namespace } = at;
  const labels = pod?.metadata.labels ?? {};
  const network = labels[NETWORK] || networkAt(place, address);
  const locality = labelledLocality(labels) ?? nodeLocality(node);
  const workloadName = pod === undefined ? '' : podWorkloadName(pod);
  return {
    labels: withTopology(labels, { clusterId: place.clusterId, network, locality, nodeName }),
    serviceAccount: pod === undefined ? '' : spiffeId(place.trustDomain, pod.metadata.namespace, pod.spec.serviceAccountName ?? 'default'),
    network,
    clusterId: place.clusterId,
    locality,
    weight: 0,
    tlsMode: tlsModeOf(labels),
    namespace: pod?.metadata.namespace ?? namespace,
    workloadName,
    canonicalName: pod === undefined ? '' : canonicalName(labels, workloadName),
    canonicalRevision: canonicalRevision(labels),
    nodeName,
  };
}

/** Health of a slice's endpoint; undefined when it is not to be sent at all. */
export function sliceHealth(
  conditions: SliceEndpoint['conditions'],
  { persistentSession, isHeadless }: Pick<Service, 'persistentSession' | 'isHeadless'>,
): HealthStatus | undefined {
  const { ready, serving, terminating } = conditions ?? {};
  if (ready !== false) return 'HEALTHY';
  if (persistentSession && serving !== false && terminating !== false) return 'DRAINING';
  // The reference takes an endpoint that is not ready and does not say whether it is ending for one that is.
  if (terminating !== false) return isHeadless ? 'TERMINATING' : undefined;
  return 'UNHEALTHY';
}

const SERVICE_NAME = 'kubernetes.io/service-name';

/** `namespace/name` of the Service that a slice is of; undefined for none. */
export function serviceOfSlice(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels[SERVICE_NAME];
  return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`;
}

/** Endpoints of one slice for one service port. `lookUp` finds the pod and node behind an address. */
export function fromSlice(
  slice: EndpointSlice,
  service: Service,
  port: Port,
  place: Place,
  lookUp: (endpoint: SliceEndpoint, address: string) => { pod?: Pod; node?: Node; missing: boolean },
): readonly Endpoint[] {
  if (slice.spec.addressType === 'FQDN' || slice.metadata.labels['multicluster.kubernetes.io/service-name'] !== undefined) return [];
  const ports = (slice.spec.ports ?? []).filter((candidate) => (candidate.name ?? '') === port.name && candidate.protocol !== 'UDP');
  return ports.flatMap((slicePort) =>
    (slice.spec.endpoints ?? []).flatMap((endpoint) => {
      const health = sliceHealth(endpoint.conditions, service);
      if (health === undefined || slicePort.port === undefined) return [];
      return endpoint.addresses.flatMap((address) => {
        const { pod, node, missing } = lookUp(endpoint, address);
        if (missing) return [];
        const at = { node, nodeName: endpoint.nodeName ?? pod?.spec.nodeName ?? '', namespace: service.namespace };
        return {
          ...podWorkload(pod, { ...at, address }, place),
          address,
          ...(endpoint.targetRef?.kind === 'Pod' && bothFamilies(pod, service)),
          port: slicePort.port as number,
          servicePortName: port.name,
          health,
          ...podNames(pod, endpoint.hostname, service.name),
          source: 'EndpointSlice' as const,
        };
      });
    }),
  );
}

/** The addresses of a pod with both families, for a service with both. */
export function bothFamilies(pod: Pod | undefined, { addresses }: Pick<Service, 'addresses'>): Pick<Endpoint, 'addresses'> {
  const own = (pod?.status?.podIPs ?? []).map(({ ip }) => ip);
  return own.length > 1 && addresses.length > 1 ? { addresses: own } : {};
}

/** DNS name of a pod (SD-057). A slice names its pods only where the service's name is their subdomain. */
function podNames(pod: Pod | undefined, named = '', service = ''): Pick<Endpoint, 'hostname' | 'subdomain'> {
  const subdomain = pod?.spec.subdomain ?? '';
  if (pod !== undefined && subdomain !== '') return { hostname: pod.spec.hostname || pod.metadata.name, subdomain };
  return named === '' ? { hostname: '' } : { hostname: named, subdomain: service };
}

/** The endpoint that a selected pod makes for one port; undefined for pods without an address or that are over. */
export function fromPod(pod: Pod, node: Node | undefined, port: Port, place: Place): Endpoint | undefined {
  const address = pod.status?.podIP ?? pod.status?.podIPs?.[0]?.ip;
  const phase = pod.status?.phase;
  if (address === undefined || address === '' || phase === 'Failed' || phase === 'Succeeded') return undefined;
  const target = podTargetPort(pod, port);
  if (target === undefined) return undefined;
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  return {
    ...podWorkload(pod, { address, node, nodeName: pod.spec.nodeName ?? '', namespace: pod.metadata.namespace }, place),
    address,
    port: target,
    servicePortName: port.name,
    health: ready === 'False' ? 'UNHEALTHY' : 'HEALTHY',
    ...podNames(pod),
    source: 'Pod',
  };
}

/** Number of a service's target port in a pod; undefined when it names a container port that the pod lacks. */
export function podTargetPort(pod: Pod, port: Port): number | undefined {
  if (port.targetPort === undefined) return port.port;
  if (typeof port.targetPort === 'number') return port.targetPort;
  for (const container of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
    for (const candidate of container.ports ?? []) if (candidate.name === port.targetPort) return candidate.containerPort;
  }
  return undefined;
}

/** Labels of a WorkloadEntry: its metadata's win over its spec's. */
export const entryLabels = (row: WorkloadEntry): Readonly<Record<string, string>> => ({ ...row.spec.labels, ...row.metadata.labels });

const UNIX = 'unix://';

/**
 * The endpoint that a WorkloadEntry or an inline endpoint makes for one port; undefined when the service cannot use its address. Without an address
 * it can be reached through its network's gateways (SD-051).
 */
export function fromEntry(
  entry: WorkloadEntrySpec,
  from: {
    name: string;
    namespace: string;
    labels: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
    source: 'WorkloadEntry' | 'ServiceEntry';
    health?: HealthStatus;
  },
  service: Service,
  port: Port,
  place: Place,
): Endpoint | undefined {
  const text = entry.address ?? '';
  const isUnix = text.startsWith(UNIX);
  const isDns = service.resolution === 'DNS' || service.resolution === 'DNSRoundRobin';
  const isName = text !== '' && !isUnix && isIP(text) === 0;
  if ((isName && !isDns) || (service.registry === 'Kubernetes' && isUnix)) return undefined;
  // Who says nothing can be reached from everywhere: an address outside, for example. Where its cluster is shows in the labels only.
  const network = entry.network ?? '';
  const labelled = from.labels[NETWORK] || network || (place.isRemote ? networkAt(place, text) : '');
  const locality = entry.locality ? parseLocality(entry.locality) : (labelledLocality(from.labels) ?? NO_LOCALITY);
  const named = entry.ports?.[port.name] ?? (typeof port.targetPort === 'string' ? entry.ports?.[port.targetPort] : undefined);
  const target = isUnix ? 0 : (named ?? (typeof port.targetPort === 'number' ? port.targetPort : port.port));
  const workloadName = entryWorkloadName(from.name, from.labels, from.annotations);
  return {
    address: isUnix ? text.slice(UNIX.length) : text,
    port: target,
    servicePortName: port.name,
    health: from.health ?? 'UNKNOWN',
    labels: withTopology(from.labels, { clusterId: place.clusterId, network: labelled, locality, nodeName: '' }),
    serviceAccount: entry.serviceAccount ? spiffeId(place.trustDomain, from.namespace, entry.serviceAccount) : '',
    network,
    clusterId: place.clusterId,
    locality,
    weight: entry.weight ?? 0,
    tlsMode: entryTlsMode(entry, from.labels),
    namespace: from.namespace,
    workloadName,
    canonicalName: canonicalName(from.labels, workloadName),
    canonicalRevision: canonicalRevision(from.labels),
    nodeName: '',
    hostname: '',
    source: from.source,
  };
}

/** An explicit label decides; otherwise a service account says that the workload has a mesh identity. */
function entryTlsMode(entry: WorkloadEntrySpec, labels: Readonly<Record<string, string>>): 'istio' | 'disabled' {
  const label = labels['security.istio.io/tlsMode'];
  if (label !== undefined) return label === 'istio' ? 'istio' : 'disabled';
  return entry.serviceAccount ? 'istio' : 'disabled';
}

/** DNS entries without endpoints resolve their own host name. */
export function ownHostname(service: Service, port: Port, entryName: string, place: Place): Endpoint {
  return {
    address: service.hostname,
    port: typeof port.targetPort === 'number' ? port.targetPort : port.port,
    servicePortName: port.name,
    health: 'UNKNOWN',
    labels: {},
    serviceAccount: '',
    network: '',
    clusterId: place.clusterId,
    locality: NO_LOCALITY,
    weight: 0,
    tlsMode: 'disabled',
    namespace: service.namespace,
    workloadName: entryName,
    canonicalName: '',
    canonicalRevision: '',
    nodeName: '',
    hostname: '',
    source: 'ServiceEntry',
  };
}
