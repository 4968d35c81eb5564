/**
 * Whom an Envoy reports to by its bootstrap: tracer, metrics service, access log service, statsd (PC-007, PC-015, MC-004).
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#RemoteService
 */
import type { ProxyConfig, RemoteService } from '../../api/mesh-config.js';
import { remoteKeepalive, remoteTls } from './remote-service.js';
import { serviceCluster } from './service-cluster.js';
import type { Json, Workload } from './workload.js';

/** Parts of a bootstrap. */
export interface Collectors {
  readonly clusters: readonly Json[];
  readonly stats_sinks: readonly Json[];
  readonly tracing?: Json;
}

const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** @throws Error that names the field, for an address that is none and for TLS that Envoy cannot do before it has joined. */
export function collectors(config: ProxyConfig, workload: Workload): Collectors {
  const { envoyMetricsService: metrics, envoyAccessLogService: logs, statsdUdpAddress: statsd } = config;
  const tracer = tracerOf(config, workload);
  const service = (name: string, field: string, remote: RemoteService | undefined): Json[] =>
    remote?.address ? [remoteCluster(name, field, remote, workload, true)] : [];
  return {
    clusters: [
      ...(tracer ? [tracer.cluster] : []),
      ...service('envoy_metrics_service', 'envoyMetricsService', metrics),
      ...service('envoy_accesslog_service', 'envoyAccessLogService', logs),
    ],
    stats_sinks: [
      ...(metrics?.address ? [sink('metrics_service', 'MetricsServiceConfig', METRICS_SERVICE)] : []),
      ...(statsd ? [sink('statsd', 'StatsdSink', { address: socketAddress('statsdUdpAddress', statsd, workload) })] : []),
    ],
    ...(tracer && { tracing: { http: tracer.driver } }),
  };
}

const METRICS_SERVICE: Json = { transport_api_version: 'V3', grpc_service: { envoy_grpc: { cluster_name: 'envoy_metrics_service' } } };

const sink = (name: string, type: string, config: Json): Json => ({
  name: `envoy.stat_sinks.${name}`,
  typed_config: { '@type': `type.googleapis.com/envoy.config.metrics.v3.${type}`, ...config },
});

/** The tracer of connection managers that name none themselves. */
function tracerOf(settings: ProxyConfig, workload: Workload): { readonly cluster: Json; readonly driver: Json } | undefined {
  const { tracing } = settings;
  const make = (name: string, field: string, address: string, type: string, config: Json) => ({
    cluster: remoteCluster(name, `tracing.${field}`, { address, tlsSettings: tracing?.tlsSettings }, workload, false),
    driver: { name: `envoy.tracers.${field}`, typed_config: { '@type': `type.googleapis.com/envoy.config.trace.v3.${type}`, ...config } },
  });
  if (tracing?.zipkin?.address) {
    return make('zipkin', 'zipkin', tracing.zipkin.address, 'ZipkinConfig', {
      collector_cluster: 'zipkin',
      collector_endpoint: '/api/v2/spans',
      collector_endpoint_version: 'HTTP_JSON',
      trace_id_128bit: true,
      shared_span_context: false,
    });
  }
  if (tracing?.datadog?.address) {
    const config = { collector_cluster: 'datadog_agent', service_name: serviceCluster(settings, workload) };
    return make('datadog_agent', 'datadog', tracing.datadog.address, 'DatadogConfig', config);
  }
  return undefined;
}

function remoteCluster(name: string, field: string, remote: RemoteService, workload: Workload, isGrpc: boolean): Json {
  const address = socketAddress(`${field}.address`, remote.address ?? '', workload);
  return {
    name,
    type: 'STRICT_DNS',
    respect_dns_ttl: true,
    connect_timeout: '1s',
    dns_lookup_family: workload.addresses.some((each) => each.includes(':')) ? 'ALL' : 'V4_ONLY',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(isGrpc && { typed_extension_protocol_options: HTTP2 }),
    ...remoteTls(field, remote.tlsSettings, isGrpc),
    ...remoteKeepalive(remote.tcpKeepalive),
  };
}

/** `host:port`; `$(HOST_IP)` stands for the machine's address. */
function socketAddress(field: string, text: string, { hostIp }: Workload): Json {
  const at = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(at, 0)).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(at + 1));
  if (at < 1 || host === '' || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error(`${field}: ${JSON.stringify(text)} is not HOST:PORT`);
  if (host === '$(HOST_IP)' && hostIp === undefined) throw new Error(`${field}: $(HOST_IP) needs the environment variable HOST_IP`);
  return { socket_address: { address: host === '$(HOST_IP)' ? hostIp : host, port_value: port } };
}
