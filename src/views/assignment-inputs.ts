/**
 * Collects what a load assignment is made from, and narrows a client's scope to what it really depends on: most services are seen
 * alike from everywhere, so all clients share one assignment.
 */
import type { TrafficPolicy } from '../api/istio.js';
import { isClusterLocal } from '../model/cluster-local.js';
import type { Mesh } from '../model/mesh.js';
import { defineNetworkGateways } from '../model/network-gateways.js';
import type { IpMode } from '../model/proxy.js';
import { type EndpointScope, internScope, scopeOf } from '../model/scope.js';
import type { Endpoint, Locality, Port, Service } from '../model/service.js';
import { rulePolicy, ruleTlsMode } from '../model/traffic-policy.js';
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
  readonly onlyNode: string;
  readonly onlyCluster: string;
  readonly network: string;
  readonly ipMode: IpMode;
}

export interface AssignmentInputs {
  /** Id of the client slice; part of the keys of assignments. */
  clientOf(scope: EndpointScope, service: Service, key: Omit<SubsetKey, 'service'>): string;
  /** Everything for one assignment; undefined when service or port are gone. */
  input(key: SubsetKey, clientId: string, sniDnat: boolean): LoadAssignmentInput | undefined;
  /** The port of a service, also when it came from another definition of the same host. */
  port(service: Service, number: number): Port | undefined;
  /** Endpoints of all definitions of the host in the service's namespace (SD-049). */
  endpoints(service: Service, portName: string): readonly Endpoint[];
  serviceAccounts(service: Service): readonly string[];
}

export function defineAssignmentInputs(mesh: Mesh): AssignmentInputs {
  const gateways = defineNetworkGateways(mesh.graph, mesh);

  /** One per row: a ServiceEntry with several addresses is several services with the same endpoints. */
  const definitions = (service: Service): readonly Service[] => {
    const rows = new Set<string>();
    const all = mesh.services.byHostname(service.hostname).filter(({ namespace }) => namespace === service.namespace);
    const distinct = all.filter(({ from }) => !rows.has(`${from.kind}/${from.key}`) && rows.add(`${from.kind}/${from.key}`));
    return distinct.length === 0 ? [service] : distinct;
  };
  const port = (service: Service, number: number): Port | undefined => {
    const own = service.ports.find((candidate) => candidate.port === number);
    return (
      own ??
      definitions(service)
        .flatMap(({ ports }) => ports)
        .find((candidate) => candidate.port === number)
    );
  };
  const endpoints = (service: Service, portName: string): readonly Endpoint[] => {
    const [first, ...others] = definitions(service).map(({ key }) => mesh.endpoints.of(key, portName));
    return others.length === 0 ? (first ?? []) : [first ?? [], ...others].flat();
  };
  const serviceAccounts = (service: Service): readonly string[] => {
    const [first, ...others] = definitions(service).map(({ key }) => mesh.endpoints.serviceAccounts(key));
    return others.length === 0 ? (first ?? []) : [...new Set([first ?? [], ...others].flat())].sort();
  };

  return {
    port,
    endpoints,
    serviceAccounts,
    clientOf(scope, service, { port: number, subset, rules }) {
      const policy = rulePolicy(mesh.destinationRules.get(rules)?.spec, number, subset);
      const balancing = localityBalancing(mesh.config(), policy?.loadBalancer, service);
      const labels = labelsFor(scope, balancing, policy);
      const outbound = scopeOf<{ readonly id: string; readonly domain: string }>(scope.outbound);
      const isLocal = !service.meshExternal && isClusterLocal(service.hostname, outbound.domain, mesh.config().serviceSettings);
      const isSplit = gateways().length > 0;
      return internScope<AssignmentClient>('a', {
        locality: labels === undefined ? NOWHERE : scope.locality,
        labels: labels ?? {},
        onlyNode: service.internalTrafficPolicyLocal ? scope.nodeName || '-' : '',
        onlyCluster: isLocal ? scope.clusterId : '',
        network: isSplit ? scope.network : '',
        ipMode: isSplit ? scope.ipMode : 'ipv4',
      }).id;
    },
    input(key, clientId, sniDnat) {
      const service = mesh.services.get(key.service);
      const servicePort = service === undefined ? undefined : port(service, key.port);
      if (service === undefined || servicePort === undefined) return undefined;
      const client = scopeOf<AssignmentClient>(clientId);
      const spec = mesh.destinationRules.get(key.rules)?.spec;
      return {
        service,
        endpoints: endpoints(service, servicePort.name),
        subsetLabels: key.subset === '' ? undefined : subsetLabels(spec?.subsets, key.subset),
        policy: rulePolicy(spec, key.port, key.subset),
        ruleTlsMode: ruleTlsMode(spec, key.port, key.subset),
        acceptsMutualTls: (endpoint) => mesh.peerAuthentications.mode(endpoint.namespace, endpoint.labels, endpoint.port) !== 'DISABLE',
        sniDnat,
        client,
        onlyNode: client.onlyNode || undefined,
        onlyCluster: client.onlyCluster || undefined,
        network: { network: client.network, ipMode: client.ipMode, gateways: gateways() },
        mesh: mesh.config(),
      };
    },
  };
}

function subsetLabels(
  subsets: readonly { readonly name: string; readonly labels?: Record<string, string> }[] | undefined,
  name: string,
): Record<string, string> | undefined {
  return subsets?.find((subset) => subset.name === name)?.labels;
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
    [NETWORK_LABEL]: scope.network,
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
