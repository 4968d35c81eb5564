/**
 * One inbound cluster: a port of the workload behind the proxy (SD-011, MC-007, DR-031, Sidecar ingress SC).
 */
import { Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { ConnectionPoolSettings, TrafficPolicy } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { inboundClusterName } from '../../model/names.js';
import { hasOnlyIpv6, type IpMode } from '../../model/proxy.js';
import type { Port, Service } from '../../model/service.js';
import { buildAddress } from '../endpoint/address.js';
import { applyConnectionPool } from './connection-pool.js';
import { type ClusterPartial, draftCluster, finishCluster } from './draft.js';
import { ruleConfigPath, serviceFacts, serviceMetadata } from './metadata.js';
import { bindTo, INBOUND_BIND_IPV4, INBOUND_BIND_IPV6 } from './passthrough.js';
import { statName } from './stat-name.js';
import { applyPortProtocol } from './upstream-protocol.js';

/** Original destinations of a workload's own ports never go away. */
const NEVER = { seconds: 9_223_372_035n, nanos: 0 };

export interface InboundClusterInput {
  /** Names the cluster: target port, or the ingress listener's port. */
  readonly clusterPort: number;
  /** Where the workload listens; '' = where the client wanted to go. */
  readonly address: string;
  readonly addressPort: number;
  readonly port: Pick<Port, 'name' | 'port' | 'protocol'>;
  /** All services of this workload port, the first one decides; empty for an ingress listener without a service. */
  readonly services: readonly Service[];
  /** Name for statistics when there is no service: the Sidecar's. */
  readonly fallbackHost: string;
  readonly ipMode: IpMode;
  readonly keepHeaderCase: boolean;
  /** Sidecar's, else the service's rule's, else the mesh's. */
  readonly connectionPool: ConnectionPoolSettings | undefined;
  /** Of the service's rule. */
  readonly retryBudget: TrafficPolicy['retryBudget'];
  /** The rule of the first service, when it has a traffic policy. */
  readonly rule: { readonly namespace: string; readonly name: string } | undefined;
  readonly mesh: EffectiveMeshConfig;
  readonly metricFacts?: boolean;
}

export function translateInboundCluster(input: InboundClusterInput): ClusterPartial {
  const { port, services, mesh, clusterPort } = input;
  const name = inboundClusterName(clusterPort);
  const isStatic = input.address !== '';
  const draft = draftCluster(name, isStatic ? Cluster_DiscoveryType.STATIC : Cluster_DiscoveryType.ORIGINAL_DST);
  applyPortProtocol(draft, port.protocol, 'sidecar', input.keepHeaderCase);
  if (mesh.inboundClusterStatName) {
    const host = input.fallbackHost;
    const service = services[0] ?? { hostname: host, name: host, namespace: '', registry: 'External' as const };
    draft.cluster.altStatName = `${statName(mesh.inboundClusterStatName, { service, port, subset: '', targetPort: clusterPort })};`;
  }
  if (isStatic) {
    const lbEndpoints = [{ hostIdentifier: { $case: 'endpoint' as const, value: { address: buildAddress(input.address, input.addressPort) } } }];
    draft.cluster.loadAssignment = { clusterName: name, endpoints: [{ lbEndpoints }] };
  } else {
    draft.cluster.cleanupInterval = NEVER;
  }
  applyConnectionPool(draft, input.connectionPool, mesh, input.retryBudget);
  const first = services[0];
  if (first !== undefined && !first.meshExternal) {
    draft.istioMetadata['services'] = uniqueByHost(services).map(serviceMetadata);
    if (input.metricFacts === true) Object.assign(draft.istioMetadata, serviceFacts(first));
    if (input.rule !== undefined) draft.istioMetadata['config'] = ruleConfigPath(input.rule);
  }
  if (input.address !== '127.0.0.1' && input.address !== '::1') {
    draft.cluster.upstreamBindConfig = {
      sourceAddress: bindTo(hasOnlyIpv6(input.ipMode) ? INBOUND_BIND_IPV6 : INBOUND_BIND_IPV4),
      ...(input.ipMode === 'dual' && { extraSourceAddresses: [{ address: bindTo(INBOUND_BIND_IPV6) }] }),
    };
  }
  return finishCluster(draft);
}

function uniqueByHost(services: readonly Service[]): readonly Service[] {
  const seen = new Set<string>();
  return services.filter(({ hostname }) => !seen.has(hostname) && seen.add(hostname));
}
