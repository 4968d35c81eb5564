/**
 * Services, endpoints and gateways as istiod's debug pages write them, for tools that read those: fields without a tag in capitals, enums as
 * numbers, sets as objects. Kiali reads the registry.
 */
import type { Mesh } from '../model/mesh.js';
import type { NetworkGateway } from '../model/network-gateways.js';
import type { ServiceTarget } from '../model/scope.js';
import type { Endpoint, HealthStatus, Locality, Port, Resolution, Service, Visibility } from '../model/service.js';

const RESOLUTION: Readonly<Record<Resolution, number>> = { EDS: 0, DNS: 1, Passthrough: 2, DNSRoundRobin: 3, Alias: 4, DynamicDNS: 5 };
const HEALTH: Readonly<Record<HealthStatus, number>> = { UNKNOWN: 0, HEALTHY: 1, UNHEALTHY: 2, DRAINING: 3, TERMINATING: 4 };

export function serviceJson(service: Service, clusterId: string): Record<string, unknown> {
  const { ports, serviceAccounts, createdAt, hostname, address, autoAllocatedAddresses = [], resolution, meshExternal } = service;
  const [v4, v6] = [autoAllocatedAddresses.find((ip) => !ip.includes(':')), autoAllocatedAddresses.find((ip) => ip.includes(':'))];
  return {
    Attributes: attributes(service),
    ports: ports.map(portJson),
    ...(serviceAccounts.length > 0 && { serviceAccounts }),
    creationTime: timeOf(createdAt),
    hostname,
    clusterVIPs: { Addresses: addressesByCluster(service, clusterId) },
    defaultAddress: address,
    ...(v4 && { autoAllocatedIPv4Address: v4 }),
    ...(v6 && { autoAllocatedIPv6Address: v6 }),
    Resolution: RESOLUTION[resolution],
    MeshExternal: meshExternal,
    ResourceVersion: '',
  };
}

function attributes({ registry, name, namespace, labels, visibility, selector, aliases, internalTrafficPolicyLocal, ...more }: Service) {
  return {
    ServiceRegistry: registry,
    Name: name,
    Namespace: namespace,
    Labels: labels,
    ExportTo: exportTo(visibility),
    LabelSelectors: selector ?? null,
    Aliases: aliases.map((alias) => ({ Hostname: alias.hostname, Namespace: alias.namespace })),
    ExternalName: more.externalName ?? '',
    NodeLocal: internalTrafficPolicyLocal,
    ObjectName: more.from.key.slice(more.from.key.lastIndexOf('/') + 1),
    PublishNotReadyAddresses: more.publishNotReadyAddresses,
  };
}

const portJson = ({ name, port, protocol }: Port) => ({ name, port, protocol });

function exportTo(visibility: Visibility): Record<string, object> {
  if (visibility.to === 'all') return { '*': {} };
  return visibility.to === 'none' ? { '~': {} } : Object.fromEntries([...visibility.namespaces].map((namespace) => [namespace, {}]));
}

function addressesByCluster({ registry, addresses, clusters }: Service, clusterId: string): Record<string, readonly string[]> | null {
  if (clusters !== undefined) return Object.fromEntries(clusters.map((one) => [one.cluster, one.addresses]));
  return registry === 'Kubernetes' && addresses.length > 0 ? { [clusterId]: addresses } : null;
}

export const endpointJson = (endpoint: Endpoint) => ({
  Labels: endpoint.labels,
  Addresses: [endpoint.address],
  ServicePortName: endpoint.servicePortName,
  ServiceAccount: endpoint.serviceAccount,
  Network: endpoint.network,
  Locality: { Label: localityLabel(endpoint.locality), ClusterID: endpoint.clusterId },
  EndpointPort: endpoint.port,
  LbWeight: endpoint.weight,
  TLSMode: endpoint.tlsMode,
  Namespace: endpoint.namespace,
  WorkloadName: endpoint.workloadName,
  HostName: endpoint.hostname,
  SubDomain: endpoint.subdomain ?? '',
  HealthStatus: HEALTH[endpoint.health],
  NodeName: endpoint.nodeName,
});

/** Hostname → namespace → the endpoints of each registry and cluster (`Kubernetes/east`). */
export function endpointShards({ services, endpoints }: Mesh): Record<string, Record<string, unknown>> {
  const byHost: Record<string, Record<string, unknown>> = {};
  for (const service of services.namespaces().flatMap((namespace) => services.inNamespace(namespace))) {
    const all = service.ports.flatMap(({ name }) => endpoints.of(service.key, name));
    if (all.length === 0) continue;
    const shards = Object.groupBy(all, ({ clusterId }) => `${service.registry}/${clusterId}`);
    (byHost[service.hostname] ??= {})[service.namespace] = {
      Shards: Object.fromEntries(Object.entries(shards).map(([shard, of = []]) => [shard, of.map(endpointJson)])),
      ServiceAccounts: Object.fromEntries(endpoints.serviceAccounts(service.key).map((account) => [account, {}])),
    };
  }
  return byHost;
}

export function targetJson({ services }: Mesh, { service: key, port, portName: name, protocol, targetPort }: ServiceTarget, clusterId: string) {
  const service = services.get(key);
  return {
    Service: service && serviceJson(service, clusterId),
    Port: { ...portJson({ name, port, protocol }), TargetPort: targetPort },
  };
}

export const gatewayJson = ({ network, clusterId, address, port }: NetworkGateway) => ({
  Network: network,
  Cluster: clusterId,
  Addr: address,
  Port: port,
  HBONEPort: 0,
  ServiceAccount: { Namespace: '', Name: '' },
});

function localityLabel({ region, zone, subzone }: Locality): string {
  return [region, zone, subzone].join('/').replace(/\/+$/, '');
}

/** Without sub-second digits, as Kubernetes has it. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
