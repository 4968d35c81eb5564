/** Policies as gRPC clusters. XD-025. */
import { Cluster_DiscoveryType, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { describe, expect, test } from '@jest/globals';
import type { TrafficPolicy } from '../../api/istio.js';
import { grpcCluster } from './cluster.js';

const made = (policy?: TrafficPolicy, dnsName?: { address: string; port: number }) =>
  grpcCluster({ name: 'outbound|80||cart', policy, serviceAccounts: ['spiffe://td/ns/a/sa/b'], ...(dnsName && { dnsName }) });

describe('gRPC clusters', () => {
  test('XD-025: every simple policy is round robin: clients refuse clusters with a policy that they do not have', () => {
    for (const simple of ['LEAST_REQUEST', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN'] as const) {
      expect(made({ loadBalancer: { simple } }).lbPolicy).toBeUndefined();
    }
  });

  test('XD-025: consistent hashing is a ring, of a size that clients take', () => {
    const size = (minimumRingSize: number) =>
      made({ loadBalancer: { consistentHash: { httpHeaderName: 'u', ringHash: { minimumRingSize } } } } as TrafficPolicy);
    expect(size(64)).toMatchObject({ lbPolicy: Cluster_LbPolicy.RING_HASH, lbConfig: { value: { minimumRingSize: 64n } } });
    expect(size(99_999_999)).toMatchObject({ lbConfig: { value: { minimumRingSize: 8_388_608n } } });
    expect(made({ loadBalancer: { consistentHash: { httpHeaderName: 'u', maglev: {} } } } as TrafficPolicy)).toMatchObject({
      lbPolicy: Cluster_LbPolicy.RING_HASH,
      lbConfig: { value: { minimumRingSize: 1024n } },
    });
  });

  test('XD-025: TLS only for ISTIO_MUTUAL; of a connection pool only the limit of requests', () => {
    expect(made({ tls: { mode: 'SIMPLE' } }).transportSocket).toBeUndefined();
    expect(made({ tls: { mode: 'ISTIO_MUTUAL' } }).transportSocket?.name).toBe('envoy.transport_sockets.tls');
    expect(made({ connectionPool: { tcp: { maxConnections: 5 }, http: { maxRetries: 2 } } }).circuitBreakers).toBeUndefined();
    expect(made({ connectionPool: { http: { http2MaxRequests: 7 } } }).circuitBreakers).toEqual({ thresholds: [{ maxRequests: 7 }] });
  });

  test('XD-025: a service found by DNS is one name', () => {
    const cluster = made(undefined, { address: 'api.example.com', port: 443 });
    expect(cluster.clusterDiscoveryType).toEqual({ $case: 'type', value: Cluster_DiscoveryType.LOGICAL_DNS });
    expect(cluster.edsClusterConfig).toBeUndefined();
    expect(cluster.loadAssignment?.endpoints?.[0]?.lbEndpoints).toHaveLength(1);
  });
});
