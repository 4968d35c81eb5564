/**
 * A cluster as gRPC libraries take it: EDS (or the one name of a DNS service), round robin or a ring, a limit of requests, and TLS where a rule
 * asks for it (XD-025). They refuse a cluster for one field that they do not know, so nothing else of a policy is sent.
 * https://github.com/grpc/proposal/blob/master/A27-xds-global-load-balancing.md; A29 (TLS), A32 (circuit breaking), A37 (DNS), A42 (ring hash)
 */
import { Cluster_DiscoveryType, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { UpstreamTlsContext } from '@envoyproxy/xds-protos/envoy/extensions/transport_sockets/tls/v3/tls.js';
import type { ConsistentHashLB, TrafficPolicy } from '../../api/istio.js';
import type { ClusterPartial } from '../cluster/draft.js';
import { address } from '../listener/address.js';
import { toAny } from '../proto.js';
import { providerTlsContext, TLS_SOCKET } from './certificates.js';

export interface GrpcClusterInput {
  readonly name: string;
  /** Of rule, port and subset. */
  readonly policy: TrafficPolicy | undefined;
  /** SPIFFE ids that may answer. */
  readonly serviceAccounts: readonly string[];
  /** Of a service that is found by DNS: gRPC can look up exactly one name. */
  readonly dnsName?: { readonly address: string; readonly port: number };
}

/** Istio's documented default, and the largest ring that gRPC takes. */
const DEFAULT_RING_SIZE = 1024;
const MAX_RING_SIZE = 8 * 1024 * 1024;

export function grpcCluster({ name, policy, serviceAccounts, dnsName }: GrpcClusterInput): ClusterPartial {
  const cluster: ClusterPartial = { name, altStatName: `${name};`, ...(dnsName === undefined ? eds(name) : logicalDns(name, dnsName)) };
  const hash = policy?.loadBalancer?.consistentHash;
  if (hash !== undefined) Object.assign(cluster, ring(hash));
  const maxRequests = policy?.connectionPool?.http?.http2MaxRequests ?? 0;
  if (maxRequests > 0) cluster.circuitBreakers = { thresholds: [{ maxRequests }] };
  // Not inferred as for Envoy: an application may not use xDS credentials, and a server may not be able to.
  if (policy?.tls?.mode === 'ISTIO_MUTUAL') {
    const context = toAny(UpstreamTlsContext, { commonTlsContext: providerTlsContext(serviceAccounts) });
    cluster.transportSocket = { name: TLS_SOCKET, configType: { $case: 'typedConfig', value: context } };
  }
  return cluster;
}

const eds = (serviceName: string): ClusterPartial => ({
  clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.EDS },
  edsClusterConfig: { serviceName, edsConfig: { configSourceSpecifier: { $case: 'ads', value: {} } } },
});

const logicalDns = (clusterName: string, { address: host, port }: { address: string; port: number }): ClusterPartial => ({
  clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.LOGICAL_DNS },
  loadAssignment: {
    clusterName,
    endpoints: [{ lbEndpoints: [{ hostIdentifier: { $case: 'endpoint', value: { address: address(host, port) } } }] }],
  },
});

/** Maglev is Envoy's alone; a ring keeps its promise. */
function ring(hash: ConsistentHashLB): ClusterPartial {
  const size = Number(hash.ringHash?.minimumRingSize ?? hash.minimumRingSize ?? 0) || DEFAULT_RING_SIZE;
  return {
    lbPolicy: Cluster_LbPolicy.RING_HASH,
    lbConfig: { $case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(Math.min(size, MAX_RING_SIZE)) } },
  };
}
