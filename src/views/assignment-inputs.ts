/**
 * Collects what a load assignment is made from, and narrows a client's scope to what it really depends on: most services are seen
 * alike from everywhere, so all clients share one assignment.
 */
import type { TrafficPolicy } from '../api/istio.js';
import { isClusterLocal } from '../model/cluster-local.js';
import type { Mesh } from '../model/mesh.js';
import type { NetworkGateway } from '../model/network-gateways.js';
import type { IpMode } from '../model/proxy.js';
import { type EndpointScope, internScope, type OutboundScope, scopeOf } from '../model/scope.js';
import type { Endpoint, Locality, Port, Service } from '../model/service.js';
import { subsetNamed } from '../model/subset.js';
import { rulePolicy, ruleTlsMode } from '../model/traffic-policy.js';
import { inTrustDomains } from '../model/trust-domains.js';
import type { LoadAssignmentInput } from '../translate/endpoint/load-assignment.js';
import {
  CLUSTER_LABEL,
  HOSTNAME_LABEL,
  type LocalityBalancing,
  localityBalancing,
  NETWORK_LABEL,
  REGION_LABEL,
  SUBZONE_LABEL,
  ZONE_LABEL,
} from '../translate/endpoint/locality-settings.js';
import type { SubsetKey } from './subset-key.js';

const NOWHERE: Locality = { region: '', zone: '', subzone: '' };

/** The part of an EndpointScope that one assignment depends on. Interned: equal clients have equal ids. */
interface AssignmentClient {
  readonly id: string;
  readonly locality: Locality;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined for any; '' for endpoints and clients of which no node is known. */
  readonly onlyNode?: string;
  readonly onlyCluster: string;
  /** Its cluster, where not all clusters let others use their endpoints. */
  readonly ownCluster?: string;
  readonly network: string;
  readonly ipMode: IpMode;
  readonly networkView?: readonly string[];
  readonly metricFacts?: true;
  /** Listens and talks on IPv4 and IPv6. */
  readonly bothFamilies?: true;
}

export interface AssignmentInputs {
  /** Id of the client slice; part of the keys of assignments. */
  clientOf(scope: EndpointScope, service: Service, key: Omit<SubsetKey, 'service'>): string;
  /** Everything for one assignment; undefined when service or port are gone. */
  input(key: SubsetKey, clientId: string, sniDnat: boolean): LoadAssignmentInput | undefined;
  /** The port of a service, also when it came from another definition of the same host. */
  port(service: Service, number: number): Port | undefined;
  /** Endpoints of all definitions of the host in the service's namespace (SD-049). */
  endpoints(service: Service, port: Port): readonly Endpoint[];
  /** Identities that its workloads may show. */
  serviceAccounts(service: Service): readonly string[];
}

export function defineAssignmentInputs(mesh: Mesh): AssignmentInputs {
  const gateways = (): readonly NetworkGateway[] => mesh.networkGateways.all();

  /**
   * A ServiceEntry with several addresses is several services, and each brings its endpoints, as in the reference (SD-032). Envoy takes an address
   * once, and all localities weigh more by the same factor.
   */
  const definitions = (service: Service): readonly Service[] => {
    const keys = new Set<string>();
    const all = mesh.services.byHostname(service.hostname).filter(({ namespace }) => namespace === service.namespace);
    const distinct = all.filter(({ key }) => !keys.has(key) && keys.add(key));
    return distinct.length === 0 ? [service] : distinct;
  };
  /** Clusters are of TCP ports: a name server often has UDP on the same number, and first. */
  const tcpPort = (ports: readonly Port[], number: number): Port | undefined =>
    ports.find((candidate) => candidate.port === number && candidate.protocol !== 'UDP');
  const port = (service: Service, number: number): Port | undefined =>
    tcpPort(service.ports, number) ??
    tcpPort(
      definitions(service).flatMap(({ ports }) => ports),
      number,
    );
  const endpoints = (service: Service, { name, port: number }: Port): readonly Endpoint[] => {
    // EDS knows ports by name; what clusters carry themselves, the reference finds by number.
    const isByName = service.resolution === 'EDS';
    const [first, ...others] = definitions(service).map(({ key, ports }) => {
      const named = isByName ? name : tcpPort(ports, number)?.name;
      return named === undefined ? [] : mesh.endpoints.of(key, named);
    });
    return others.length === 0 ? (first ?? []) : [first ?? [], ...others].flat();
  };
  const serviceAccounts = (service: Service): readonly string[] => {
    const [first, ...others] = definitions(service).map(({ key }) => mesh.endpoints.serviceAccounts(key));
    const all = others.length === 0 ? (first ?? []) : [...new Set([first ?? [], ...others].flat())].sort();
    return inTrustDomains(all, mesh.config().trustDomainAliases);
  };

  const clusterOf = ({ clusterId }: EndpointScope): string => mesh.clusters.nameOf(mesh.clusters.remoteOf(clusterId));

  return {
    port,
    endpoints,
    serviceAccounts,
    clientOf(scope, service, { port: number, subset, rules }) {
      const policy = rulePolicy(mesh.destinationRules.get(rules)?.spec, number, subset);
      const balancing = localityBalancing(mesh.config(), policy?.loadBalancer, service);
      const labels = labelsFor(scope, balancing, policy);
      const outbound = scopeOf<OutboundScope>(scope.outbound);
      const isLocal = !service.meshExternal && isClusterLocal(service.hostname, outbound.domain, mesh.config());
      const isSplit = gateways().length > 0;
      return internScope<AssignmentClient>('a', {
        locality: labels === undefined ? NOWHERE : scope.locality,
        labels: labels ?? {},
        ...(service.internalTrafficPolicyLocal && { onlyNode: scope.nodeName }),
        // Nodes of other clusters may have the same names.
        onlyCluster: isLocal || service.internalTrafficPolicyLocal ? clusterOf(scope) : '',
        ...(mesh.services.openClusters(service) && { ownCluster: clusterOf(scope) }),
        network: isSplit ? scope.network : '',
        ipMode: isSplit ? scope.ipMode : 'ipv4',
        ...(scope.networkView && { networkView: scope.networkView }),
        ...(outbound.metricFacts && { metricFacts: true as const }),
        ...(scope.ipMode === 'dual' && { bothFamilies: true as const }),
      }).id;
    },
    input(key, clientId, sniDnat) {
      const service = mesh.services.get(key.service);
      const servicePort = service === undefined ? undefined : port(service, key.port);
      if (service === undefined || servicePort === undefined) return undefined;
      const client = scopeOf<AssignmentClient>(clientId);
      const spec = mesh.destinationRules.get(key.rules)?.spec;
      const open = mesh.services.openClusters(service);
      const all = endpoints(service, servicePort);
      return {
        service,
        endpoints: open === undefined ? all : all.filter(({ clusterId: at }) => at === client.ownCluster || open.has(at)),
        subsetLabels: key.subset === '' ? undefined : subsetNamed(spec?.subsets, key.subset)?.labels,
        policy: rulePolicy(spec, key.port, key.subset),
        ruleTlsMode: ruleTlsMode(spec, key.port, key.subset),
        acceptsMutualTls: (endpoint) => mesh.peerAuthentications.mode(endpoint.namespace, endpoint.labels, endpoint.port) !== 'DISABLE',
        sniDnat,
        client,
        onlyNode: client.onlyNode,
        onlyCluster: client.onlyCluster || undefined,
        ...(client.networkView && { networkView: client.networkView }),
        network: { network: client.network, ipMode: client.ipMode, gateways: gateways() },
        mesh: mesh.config(),
        metricFacts: client.metricFacts === true,
        bothFamilies: client.bothFamilies === true,
      };
    },
  };
}

/** Labels that failoverPriority compares; undefined when the client's place plays no part at all. */
function labelsFor(
  scope: EndpointScope,
  balancing: LocalityBalancing | undefined,
  policy: TrafficPolicy | undefined,
): Record<string, string> | undefined {
  if (balancing === undefined) return undefined;
  if (balancing.kind === 'zoneAware' ? !balancing.enabled : !usesPlace(balancing, policy)) return undefined;
  const { region, zone, subzone } = scope.locality;
  const known: Readonly<Record<string, string>> = {
    ...scope.labels,
    [NETWORK_LABEL]: scope.network || (scope.labels[NETWORK_LABEL] ?? ''),
    [CLUSTER_LABEL]: scope.clusterId,
    [REGION_LABEL]: region,
    [ZONE_LABEL]: zone,
    [SUBZONE_LABEL]: subzone,
    [HOSTNAME_LABEL]: scope.nodeName,
  };
  const names = (balancing.setting.failoverPriority ?? []).map((entry) => entry.split('=')[0] as string);
  return Object.fromEntries(names.flatMap((name) => (known[name] ? [[name, known[name]]] : [])));
}

function usesPlace(balancing: LocalityBalancing & { kind: 'locality' }, policy: TrafficPolicy | undefined): boolean {
  return balancing.force || (balancing.setting.distribute?.length ?? 0) > 0 || !!policy?.outlierDetection;
}
