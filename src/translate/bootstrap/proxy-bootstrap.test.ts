import { describe, expect, test } from '@jest/globals';
import type { ProxyConfig } from '../../api/mesh-config.js';
import { envoyArguments } from './arguments.js';
import { proxyBootstrap, unfollowed } from './proxy-bootstrap.js';
import { proxyMetadata } from './proxy-metadata.js';
import { serviceCluster } from './service-cluster.js';
import type { Workload } from './workload.js';

const WORKLOAD: Workload = { namespace: 'shop', name: 'web-1', labels: { app: 'web' }, annotations: {}, addresses: ['10.0.0.1', '10.0.0.2'] };
const made = (config: ProxyConfig, workload: Partial<Workload> = {}) => proxyBootstrap(config, { ...WORKLOAD, ...workload });
const patterns = (config: ProxyConfig, annotations = {}): unknown[] =>
  (made(config, { annotations }).stats_config as { stats_matcher: { inclusion_list: { patterns: unknown[] } } }).stats_matcher.inclusion_list
    .patterns;

describe('statistics', () => {
  test('PC-010: without a matcher all are kept; with one, its own and those that others rely on', () => {
    expect(made({}).stats_config).not.toHaveProperty('stats_matcher');
    const found = patterns({ proxyStatsMatcher: { inclusionPrefixes: ['http.{pod_ip}_'], inclusionRegexps: ['a.*'] } });
    for (const prefix of ['http.10.0.0.1_', 'http.10.0.0.2_', 'cluster_manager', 'istio']) expect(found).toContainEqual({ prefix });
    expect(found).toContainEqual({ suffix: 'rbac.allowed' });
    expect(found).toContainEqual({ safe_regex: { regex: 'a.*' } });
  });
  test('PC-010: an annotation counts instead of the setting, tags of both are made', () => {
    const annotations = { 'sidecar.istio.io/statsInclusionPrefixes': 'x,y', 'sidecar.istio.io/extraStatTags': 'b,a' };
    const config = { proxyStatsMatcher: { inclusionPrefixes: ['z'] }, extraStatTags: ['a'] };
    expect(patterns(config, annotations)).toContainEqual({ prefix: 'y' });
    expect(patterns(config, annotations)).not.toContainEqual({ prefix: 'z' });
    expect(made(config, { annotations }).stats_config).toMatchObject({
      use_all_default_tags: false,
      stats_tags: expect.arrayContaining([{ tag_name: 'a', regex: '(a=\\.=(.*?);\\.;)' }, expect.objectContaining({ tag_name: 'b' })]),
    });
    expect(() => made({ extraStatTags: ['a.b'] })).toThrow(/extraStatTags: "a.b"/);
  });
});

describe('runtime and limits', () => {
  test('PC-018: values become what Envoy takes, an empty one takes a default away', () => {
    expect(made({ runtimeValues: { a: 'true', b: '7', 're2.max_program_size.error_level': '' } }).runtime).toEqual({ a: true, b: '7' });
  });
  test('PC-014: the limit of connections, by its newest name first', () => {
    expect(made({}).connectionLimit).toBe(2147483647);
    const runtimeValues = { 'overload.global_downstream_max_connections': '5' };
    expect(made({ runtimeValues }).connectionLimit).toBe(5);
    expect(made({ runtimeValues }).runtime).not.toHaveProperty(['overload.global_downstream_max_connections']);
    expect(made({ runtimeValues, connectionSettings: { globalDownstreamConnectionLimit: 7 } }).connectionLimit).toBe(7);
  });
});

describe('collectors', () => {
  test('PC-015, MC-004: the services for metrics and access logs are clusters over HTTP/2', () => {
    const tlsSettings = { mode: 'MUTUAL' as const, caCertificates: '/ca', clientCertificate: '/c', privateKey: '/k', sni: 'm' };
    const { clusters, stats_sinks } = made({
      envoyMetricsService: { address: 'metrics.example:15000', tlsSettings, tcpKeepalive: { time: '10s', probes: 3 } },
      envoyAccessLogService: { address: 'logs.example:15001' },
      statsdUdpAddress: '10.1.1.1:8125',
    });
    expect(clusters.map(({ name }) => name)).toEqual(['envoy_metrics_service', 'envoy_accesslog_service']);
    expect(JSON.stringify(clusters[0])).toContain('"alpn_protocols":["h2"]');
    expect(clusters[0]).toMatchObject({ upstream_connection_options: { tcp_keepalive: { keepalive_time: 10, keepalive_probes: 3 } } });
    expect(stats_sinks.map(({ name }) => name)).toEqual(['envoy.stat_sinks.metrics_service', 'envoy.stat_sinks.statsd']);
  });
  test('PC-015: what cannot be reached before the proxy has joined is refused with its field', () => {
    expect(() => made({ envoyMetricsService: { address: 'nowhere' } })).toThrow(/envoyMetricsService.address: "nowhere" is not HOST:PORT/);
    const tlsSettings = { mode: 'ISTIO_MUTUAL' as const };
    expect(() => made({ envoyMetricsService: { address: 'a:1', tlsSettings } })).toThrow(/envoyMetricsService.tlsSettings.mode/);
  });
  test('PC-007: the tracer of connection managers that name none', () => {
    const { clusters, tracing } = made({ tracing: { zipkin: { address: '$(HOST_IP):9411' } } }, { hostIp: '10.9.9.9' });
    expect(JSON.stringify(clusters)).toContain('"address":"10.9.9.9","port_value":9411');
    expect(tracing).toMatchObject({ http: { name: 'envoy.tracers.zipkin' } });
    expect(made({ tracing: { datadog: { address: 'dd:8126' } } }).tracing).toMatchObject({ http: { typed_config: { service_name: 'web.shop' } } });
    expect(unfollowed({ tracing: { lightstep: {} } })).toEqual(['tracing.lightstep: Envoy has no such tracer any more']);
  });
});

describe('what is around the bootstrap', () => {
  test('PC-003, PC-004, PC-021: threads, drain time and flushing are flags', () => {
    const flags = (config: ProxyConfig): string => envoyArguments(config, ['10.0.0.1']).join(' ');
    expect(flags({})).toBe(
      '--drain-time-s 45 --drain-strategy immediate --local-address-ip-version v4 --file-flush-interval-msec 1000 --disable-hot-restart',
    );
    expect(flags({ concurrency: 2, drainDuration: '1m' })).toMatch(/--drain-time-s 60.*--concurrency 2$/);
    expect(flags({ concurrency: 0 })).not.toContain('concurrency');
    expect(flags({ fileFlushInterval: '250ms', fileFlushMinSizeKb: 8 })).toContain('--file-flush-interval-msec 250 --file-flush-min-size-kb 8');
    expect(envoyArguments({}, ['::1'])).toContain('v6');
  });
  test('PC-008, PC-022: variables of the agent become metadata, as does the mesh’s id', () => {
    const config = { meshId: 'm', proxyMetadata: { ISTIO_META_DNS_CAPTURE: 'true', ISTIO_METAJSON_X: '{"A":{"b":1}}', OTHER: '1' } };
    expect(proxyMetadata(config)).toEqual({ MESH_ID: 'm', DNS_CAPTURE: 'true', A: { b: 1 } });
    expect(unfollowed(config)).toEqual(["proxyMetadata: OTHER: for Istio's agent, which is not here"]);
    expect(() => proxyMetadata({ proxyMetadata: { ISTIO_METAJSON_X: '[]' } })).toThrow(/ISTIO_METAJSON_X/);
  });
  test('PC-020: the name in traces', () => {
    const name = (config: ProxyConfig, labels = WORKLOAD.labels): string => serviceCluster(config, { ...WORKLOAD, labels });
    expect(name({ serviceCluster: 'istio-proxy' })).toBe('web.shop');
    expect(name({ serviceCluster: 'mine' })).toBe('mine');
    expect(name({}, {})).toBe('web-1.shop');
    const labels = { app: 'web', 'service.istio.io/canonical-name': 'front' };
    expect(name({ tracingServiceName: 'APP_LABEL_AND_NAMESPACE' }, labels)).toBe('web.shop');
    expect(name({ tracingServiceName: 'CANONICAL_NAME_ONLY' }, labels)).toBe('front');
    expect(name({ tracingServiceName: 'CANONICAL_NAME_AND_NAMESPACE' }, labels)).toBe('front.shop');
  });
});
