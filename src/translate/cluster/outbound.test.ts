import { Cluster, Cluster_DiscoveryType, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { HttpProtocolOptions } from '@envoyproxy/xds-protos/envoy/extensions/upstreams/http/v3/http_protocol_options.js';
import { describe, expect, test } from '@jest/globals';
import type { TrafficPolicy } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { Service } from '../../model/service.js';
import { translateInboundCluster } from './inbound.js';
import { type OutboundClusterInput, translateOutboundCluster } from './outbound.js';
import { statName } from './stat-name.js';

const mesh = { connectTimeout: '10s', dnsRefreshRate: '60s', localityLbSetting: {}, enableAutoMtls: true } as unknown as EffectiveMeshConfig;
const service = {
  key: 'k:ns/a',
  hostname: 'a.ns.svc.cluster.local',
  name: 'a',
  namespace: 'ns',
  registry: 'Kubernetes',
  ports: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  resolution: 'EDS',
  meshExternal: false,
  persistentSession: false,
} as unknown as Service;
const input = (overrides: Partial<OutboundClusterInput> = {}, policy?: object): OutboundClusterInput => ({
  service,
  port: { name: 'http', port: 80, protocol: 'HTTP' },
  subset: '',
  sniDnat: false,
  proxyType: 'sidecar',
  ipMode: 'ipv4',
  certificates: 'agent',
  keepHeaderCase: false,
  policy: policy as TrafficPolicy | undefined,
  rule: undefined,
  autoMutualTls: true,
  serviceAccounts: [],
  localities: [],
  mesh,
  ...overrides,
});
const translate = (overrides?: Partial<OutboundClusterInput>, policy?: object) => translateOutboundCluster(input(overrides, policy));

describe('outbound clusters', () => {
  test('SD-001 PA-005 by default EDS, least request, mutual TLS where the endpoint can', () => {
    const cluster = translate();
    expect(cluster?.clusterDiscoveryType?.value).toBe(Cluster_DiscoveryType.EDS);
    expect(cluster?.lbPolicy).toBe(Cluster_LbPolicy.LEAST_REQUEST);
    expect(cluster?.transportSocketMatches?.map(({ name }) => name)).toEqual(['tlsMode-istio', 'tlsMode-disabled']);
  });
  test('SD-033 TE-018: names that are resolved by request stay checked where stock Envoys count for Istio’s metrics', () => {
    const wildcard = { ...service, hostname: '*.example.com', resolution: 'DynamicDNS', meshExternal: false } as unknown as Service;
    const cluster = translate({ service: wildcard, metricFacts: true });
    // As in the reference, which tells of no service here, and heeds no name for statistics.
    expect(translate({ service: wildcard })?.metadata).toBeUndefined();
    const named = translate({ service: wildcard, mesh: { ...mesh, outboundClusterStatName: '%SERVICE%' } as EffectiveMeshConfig });
    expect(named?.altStatName).toBe('outbound|80||*.example.com;');
    const any = Object.values(cluster?.typedExtensionProtocolOptions ?? {})[0];
    expect(HttpProtocolOptions.decode(any?.value as Uint8Array).upstreamHttpProtocolOptions).toMatchObject({
      autoSni: true,
      autoSanValidation: true,
    });
  });
  test('DR-008 DR-032 a subset that keeps to the original destination does so whatever a port of it says', () => {
    const dns = { ...service, resolution: 'DNS', registry: 'External' } as unknown as Service;
    const port = { name: 'http', port: 80, protocol: 'HTTP' as const, targetPort: 8080 };
    const cluster = translate({ service: dns, port, subset: 'v1', passthrough: true }, { loadBalancer: { simple: 'RANDOM' } });
    expect(cluster?.clusterDiscoveryType?.value).toBe(Cluster_DiscoveryType.ORIGINAL_DST);
    expect([cluster?.lbPolicy, cluster?.lbConfig, cluster?.dnsRefreshRate]).toEqual([Cluster_LbPolicy.CLUSTER_PROVIDED, undefined, undefined]);
  });
  test('MC-008 PA-004 no sockets when mutual TLS is not inferred', () => {
    expect(translate({ autoMutualTls: false })?.transportSocketMatches).toBeUndefined();
  });
  test('DR-022 DISABLE beats inference', () => {
    const cluster = translate({}, { tls: { mode: 'DISABLE' } });
    expect([cluster?.transportSocket, cluster?.transportSocketMatches]).toEqual([undefined, undefined]);
  });
  test('SD-004 PA-006 headless: original destination with one socket for sidecars, EDS for gateways', () => {
    const headless = { ...service, resolution: 'Passthrough' as const };
    const cluster = translate({ service: headless });
    expect(cluster?.clusterDiscoveryType?.value).toBe(Cluster_DiscoveryType.ORIGINAL_DST);
    expect(cluster?.transportSocket?.name).toBe('envoy.transport_sockets.tls');
    expect(translate({ service: headless, proxyType: 'router' })?.clusterDiscoveryType?.value).toBe(Cluster_DiscoveryType.EDS);
  });
  test('SD-035 a DNS service without endpoints has no cluster', () => {
    expect(translate({ service: { ...service, resolution: 'DNS' } })).toBeUndefined();
  });
  test('SD-014 detected ports follow the client, except behind gateways', () => {
    const port = { name: 'x', port: 80, protocol: 'Unsupported' as const };
    expect(translate({ port })?.typedExtensionProtocolOptions).toBeDefined();
    expect(translate({ port, proxyType: 'router' })?.typedExtensionProtocolOptions).toBeUndefined();
  });
  test('DR-010 hash rings', () => {
    const hash = (consistentHash: object) => translate({}, { loadBalancer: { consistentHash } });
    expect(hash({ useSourceIp: true })?.lbConfig).toEqual({ $case: 'ringHashLbConfig', value: { minimumRingSize: 1024n } });
    expect(hash({ useSourceIp: true, ringHash: {} })?.lbConfig).toBeUndefined();
    expect(hash({ useSourceIp: true, maglev: { tableSize: 101 } })?.lbPolicy).toBe(Cluster_LbPolicy.MAGLEV);
  });
  test('DR-021 a counter of zero switches its check off', () => {
    const cluster = translate({}, { outlierDetection: { consecutive5xxErrors: 0, consecutiveGatewayErrors: 2, minHealthPercent: 40 } });
    expect(cluster?.outlierDetection).toMatchObject({ enforcingConsecutive5xx: 0, enforcingConsecutiveGatewayFailure: 100, enforcingSuccessRate: 0 });
    expect(cluster?.commonLbConfig?.healthyPanicThreshold).toEqual({ value: 40 });
  });
  test('DR-030 the window of a retry budget, down to the bytes', () => {
    const cluster = Cluster.decode(Cluster.encode(Cluster.fromPartial(translate({}, { retryBudget: { budgetInterval: '30s' } }) ?? {})).finish());
    expect(cluster.circuitBreakers?.thresholds[0]?.retryBudget).toEqual({
      budgetPercent: { value: 20 },
      budgetInterval: { seconds: 30n, nanos: 0 },
      minRetryConcurrency: 3,
    });
  });
  test('SD-027 traffic distribution never panics', () => {
    const distributed = { ...service, trafficDistribution: 'PreferClose' };
    expect(translate({ service: distributed }, { outlierDetection: { minHealthPercent: 40 } })?.commonLbConfig?.healthyPanicThreshold).toEqual({
      value: 0,
    });
  });
  test('DR-011 locality weights count only where somebody set them', () => {
    const kind = (policy?: object) => translate({}, policy)?.commonLbConfig?.localityConfigSpecifier?.$case;
    expect(kind()).toBeUndefined();
    expect(kind({ loadBalancer: { localityLbSetting: { distribute: [{ from: '*', to: {} }] } } })).toBe('localityWeightedLbConfig');
    expect(kind({ loadBalancer: { localityLbSetting: { failover: [{ from: 'a', to: 'b' }] } } })).toBeUndefined();
    expect(kind({ outlierDetection: {}, loadBalancer: { localityLbSetting: { failover: [{ from: 'a', to: 'b' }] } } })).toBe(
      'localityWeightedLbConfig',
    );
  });
  test('DR-018 zero means unset', () => {
    const cluster = translate({}, { connectionPool: { tcp: { maxConnections: 0 }, http: { http2MaxRequests: 3 } } });
    expect(cluster?.circuitBreakers?.thresholds?.[0]).toMatchObject({ maxConnections: 4294967295, maxRequests: 3 });
  });
  test('DR-026 a Secret only for gateways and chosen workloads', () => {
    const policy = { tls: { mode: 'SIMPLE', credentialName: 'ca' } };
    const rule = { namespace: 'ns', name: 'a', hasSelector: false };
    expect(translate({ rule }, policy)?.transportSocket).toBeUndefined();
    expect(translate({ rule: { ...rule, hasSelector: true } }, policy)?.transportSocket).toBeDefined();
    expect(translate({ rule, proxyType: 'router' }, policy)?.transportSocket).toBeDefined();
    expect(translate({ rule }, { tls: { mode: 'SIMPLE', credentialName: 'configmap://ns/ca' } })?.transportSocket).toBeDefined();
  });
  test('DR-027 DR-033 the rule leaves its traces in metadata', () => {
    const rule = { namespace: 'ns', name: 'r', hasSelector: false };
    expect(translate({ rule, subset: 'v1' }, { tls: { mode: 'SIMPLE' } })?.metadata?.filterMetadata?.['istio']).toMatchObject({
      config: '/apis/networking.istio.io/v1/namespaces/ns/destination-rule/r',
      subset: 'v1',
      alpn_override: 'false',
    });
  });
  test('clusters behind AUTO_PASSTHROUGH carry no TLS of their own', () => {
    const cluster = translate({ sniDnat: true }, { tls: { mode: 'ISTIO_MUTUAL' } });
    expect(cluster?.name).toBe('outbound_.80_._.a.ns.svc.cluster.local');
    expect(cluster?.transportSocket).toBeUndefined();
  });
  test('MC-027 statistics names', () => {
    const parts = { service, port: { name: 'http', port: 80 }, subset: 'v1', targetPort: 0 };
    expect(statName('%SERVICE%_%SERVICE_PORT_NAME%_%SUBSET_NAME%_%TARGET_PORT%_%OTHER%', parts)).toBe('a.ns_http_v1_0_%OTHER%');
    expect(statName('%SERVICE_NAME%', { ...parts, service: { ...service, registry: 'External' } })).toBe('a.ns.svc.cluster.local');
  });
});

test('MC-007 DR-030 DR-031 inbound: the original destination behind a marked source address, or localhost; retries have their budget', () => {
  const inbound = (address: string, retryBudget?: object) =>
    translateInboundCluster({
      retryBudget: retryBudget as TrafficPolicy['retryBudget'],
      clusterPort: 8080,
      address,
      addressPort: 8080,
      port: { name: 'http', port: 80, protocol: 'HTTP' },
      services: [service],
      fallbackHost: '',
      ipMode: 'ipv4',
      keepHeaderCase: false,
      connectionPool: undefined,
      rule: undefined,
      mesh,
    });
  expect(inbound('').clusterDiscoveryType?.value).toBe(Cluster_DiscoveryType.ORIGINAL_DST);
  expect(inbound('').upstreamBindConfig?.sourceAddress?.address).toBe('127.0.0.6');
  expect(inbound('127.0.0.1').clusterDiscoveryType?.value).toBe(Cluster_DiscoveryType.STATIC);
  expect(inbound('127.0.0.1').upstreamBindConfig).toBeUndefined();
  expect(inbound('', { percent: 33 }).circuitBreakers?.thresholds?.[0]?.retryBudget).toMatchObject({ budgetPercent: { value: 33 } });
});
