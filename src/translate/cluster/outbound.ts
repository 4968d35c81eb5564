/**
 * One outbound cluster: service port × subset (envoy-shapes §5). Also the `outbound_.…` clusters of AUTO_PASSTHROUGH gateways.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery
 */
import { Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { HealthStatus } from '@envoyproxy/xds-protos/envoy/config/core/v3/health_check.js';
import type { TrafficPolicy } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { CertificateSource } from '../../model/certificate-source.js';
import { outboundClusterName, outboundSni } from '../../model/names.js';
import type { IpMode, ProxyType } from '../../model/proxy.js';
import type { Port, Service } from '../../model/service.js';
import type { LocalityGroup } from '../endpoint/locality-group.js';
import { exchangingCluster } from '../peer-exchange.js';
import { applyDns, applyDynamicDns, checkDynamicNames } from './dns.js';
import { type ClusterDraft, type ClusterPartial, draftCluster, finishCluster } from './draft.js';
import { ruleConfigPath, serviceMetadata } from './metadata.js';
import { applyMetricFacts } from './metric-facts.js';
import { statName } from './stat-name.js';
import { applyTrafficPolicy } from './traffic-policy.js';
import { applyPortProtocol } from './upstream-protocol.js';

export interface OutboundClusterInput {
  readonly service: Service;
  readonly port: Port;
  /** '' without a subset. */
  readonly subset: string;
  /** A cluster that only passes on TLS chosen by SNI. */
  readonly sniDnat: boolean;
  readonly proxyType: ProxyType;
  readonly ipMode: IpMode;
  readonly certificates: CertificateSource;
  readonly keepHeaderCase: boolean;
  /** Resolved for port and subset, mesh defaults included. */
  readonly policy: TrafficPolicy | undefined;
  /** The subset itself keeps to the original destination. */
  readonly passthrough?: boolean;
  readonly rule: { readonly namespace: string; readonly name: string; readonly hasSelector: boolean } | undefined;
  /** Mutual TLS may be used where the rule says nothing. */
  readonly autoMutualTls: boolean;
  readonly serviceAccounts: readonly string[];
  /** DNS services only: their endpoints are part of the cluster. */
  readonly localities: readonly LocalityGroup[];
  readonly mesh: EffectiveMeshConfig;
  /** Metrics of a stock Envoy need to know the service, and servers the client. */
  readonly metricFacts?: boolean;
  /** Byte streams begin with what the peers are (TE-018). */
  readonly peerExchange?: boolean;
}

/** The cluster, or undefined where none can exist (a DNS name without endpoints). */
export function translateOutboundCluster(input: OutboundClusterInput): ClusterPartial | undefined {
  const { service, port, subset, mesh } = input;
  const name = (input.sniDnat ? outboundSni : outboundClusterName)(service.hostname, port.port, subset);
  const draft = draftCluster(name, input.passthrough === true ? Cluster_DiscoveryType.ORIGINAL_DST : discoveryOf(service, input.proxyType));
  applyPortProtocol(draft, port.protocol, input.proxyType, input.keepHeaderCase);
  if (draft.discovery === Cluster_DiscoveryType.STRICT_DNS || draft.discovery === Cluster_DiscoveryType.LOGICAL_DNS) {
    const becomesPassthrough = input.policy?.loadBalancer?.simple === 'PASSTHROUGH';
    if (!canResolve(draft, input.localities) && !becomesPassthrough) return undefined;
    applyDns(draft, input);
  }
  if (draft.discovery === undefined) applyDynamicDns(draft, input);
  applyPortOverride(draft, input);
  if (mesh.outboundClusterStatName && draft.discovery !== undefined)
    draft.cluster.altStatName = `${statName(mesh.outboundClusterStatName, { service, port, subset, targetPort: 0 })};`;
  if (service.persistentSession && subset === '' && !input.sniDnat) keepDrainingEndpoints(draft);
  applyTrafficPolicy(draft, input);
  addMetadata(draft, input);
  Object.assign(draft.cluster, exchangingCluster(input.peerExchange === true));
  if (input.metricFacts === true) applyMetricFacts(draft, input);
  // Whatever set HTTP options before.
  if (draft.discovery === undefined) checkDynamicNames(draft);
  return finishCluster(draft);
}

/** Where nothing is in reach on this network LOGICAL_DNS has no name to resolve, and Envoy refuses it; STRICT_DNS answers 503 by itself. */
function canResolve({ discovery }: ClusterDraft, localities: readonly LocalityGroup[]): boolean {
  return discovery === Cluster_DiscoveryType.LOGICAL_DNS ? localities.some(({ members }) => members.length > 0) : localities.length > 0;
}

/** Gateways have no original destination: what sidecars pass through, they balance. */
export function discoveryOf(service: Service, proxyType: ProxyType): Cluster_DiscoveryType | undefined {
  switch (service.resolution) {
    case 'DNS':
      // Only the addresses of one name are raced for.
      return service.racesConnects === true ? Cluster_DiscoveryType.LOGICAL_DNS : Cluster_DiscoveryType.STRICT_DNS;
    case 'DNSRoundRobin':
      return Cluster_DiscoveryType.LOGICAL_DNS;
    case 'Passthrough':
      return proxyType === 'router' ? Cluster_DiscoveryType.EDS : Cluster_DiscoveryType.ORIGINAL_DST;
    case 'DynamicDNS':
      return undefined;
    default:
      return Cluster_DiscoveryType.EDS;
  }
}

/** A ServiceEntry without resolution may send to another port than the one called (SD-033). */
function applyPortOverride(draft: ClusterDraft, { service, port }: OutboundClusterInput): void {
  if (draft.discovery !== Cluster_DiscoveryType.ORIGINAL_DST || service.registry !== 'External' || service.resolution !== 'Passthrough') return;
  if (typeof port.targetPort === 'number' && port.targetPort > 0) {
    draft.cluster.lbConfig = { $case: 'originalDstLbConfig', value: { upstreamPortOverride: port.targetPort } };
  }
}

/** Sessions stay with a draining endpoint when the request names it (SD-060). */
function keepDrainingEndpoints(draft: ClusterDraft): void {
  const statuses = [HealthStatus.HEALTHY, HealthStatus.DRAINING, HealthStatus.UNKNOWN, HealthStatus.DEGRADED];
  draft.cluster.commonLbConfig = { ...draft.cluster.commonLbConfig, overrideHostStatus: { statuses } };
}

/** Telemetry and debugging read these; also DR-027 and DR-033. */
function addMetadata({ istioMetadata, discovery }: ClusterDraft, { service, subset, rule, policy }: OutboundClusterInput): void {
  // Of a service that is resolved by each request's host the reference tells nothing.
  if (discovery !== undefined) istioMetadata['services'] = [serviceMetadata(service)];
  if (service.meshExternal && subset === '') istioMetadata['external'] = true;
  if (rule === undefined) return;
  istioMetadata['config'] = ruleConfigPath(rule);
  if (subset !== '') istioMetadata['subset'] = subset;
  if (policy?.tls?.mode === 'SIMPLE' || policy?.tls?.mode === 'MUTUAL') istioMetadata['alpn_override'] = 'false';
}
