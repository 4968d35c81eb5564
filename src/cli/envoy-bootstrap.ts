/**
 * The bootstrap of a stock Envoy (1.36 to 1.40) that joins the mesh over ADS. A pure function to JSON in the names of the proto files.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/bootstrap
 */
import { isIP } from 'node:net';
import type { AppProbes } from '../translate/bootstrap/app-probes.js';
import type { ProxyBootstrap } from '../translate/bootstrap/proxy-bootstrap.js';
import { credentialFilters, initialMetadata, validationContext, type XdsTrust } from './xds-trust.js';

/** How an Envoy finds and proves itself to the control plane. */
export interface EnvoyBootstrap {
  readonly id: string;
  /** `--service-cluster`: shows in access logs and traces. */
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly locality?: { readonly region: string; readonly zone: string; readonly sub_zone: string };
  readonly xds: { readonly host: string; readonly port: number };
  readonly variant: 'delta' | 'sotw';
  /** Absent: plaintext, no secrets. */
  readonly trust?: XdsTrust;
  readonly admin: { readonly host: string; readonly port: number };
  /** Port that answers `/healthz/ready` on all addresses. */
  readonly readinessPort?: number;
  /** Port that answers `/stats/prometheus` on all addresses. */
  readonly metricsPort?: number;
  /** Istio's metrics are called `istio_…`, without a prefix of Envoy's. Needs an Envoy with V8. */
  readonly istioMetricNames?: boolean;
  /** The application's probes, in a pod. */
  readonly probes?: AppProbes;
  /** What ProxyConfig decides. */
  readonly settings: ProxyBootstrap;
}

const XDS_CLUSTER = 'xds-grpc';
const ADMIN_CLUSTER = 'prometheus_stats';
/** What our server's certificate is called whatever address is dialled. */
const SERVER_NAME = 'mizzen';
const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
/** Series of Istio's metrics that nothing was added to for so long are dropped. */
const EVICTION_INTERVAL = '3600s';
/** A WebAssembly module that does nothing: exports its memory, the version of Envoy's interface, and a `malloc` that gives 0. */
const NOTHING = 'AGFzbQEAAAABCQJgAABgAX8BfwMDAgABBQMBAAEHLQMGbWVtb3J5AgAXcHJveHlfYWJpX3ZlcnNpb25fMF8yXzEAAAZtYWxsb2MAAQoJAgIACwQAQQAL';

/** The bootstrap as an object to be written as JSON. */
export function envoyBootstrap(options: EnvoyBootstrap): Record<string, unknown> {
  const { id, cluster, metadata, locality, admin, variant, trust, readinessPort, metricsPort, istioMetricNames = false, settings, probes } = options;
  const service = {
    // Envoy's own pause grows to 30 s; a control plane that restarts should have its proxies back at once.
    envoy_grpc: { cluster_name: XDS_CLUSTER, retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '2s' } } },
    ...initialMetadata(trust),
  };
  const overAds = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  const pages = [
    ...(readinessPort === undefined ? [] : [adminPage('readiness', readinessPort, '/healthz/ready', '/ready')]),
    ...(metricsPort === undefined ? [] : [adminPage('metrics', metricsPort, '/stats/prometheus', '/stats/prometheus')]),
  ];
  const isReadable = pages.length > 0 && admin.port !== 0;
  const listeners = [...(isReadable ? pages : []), ...(probes?.listeners ?? [])];
  return {
    node: { id, cluster, metadata, ...(locality && { locality }) },
    admin: { address: address(admin.host, admin.port) },
    dynamic_resources: {
      ads_config: {
        api_type: variant === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [service],
      },
      // Without a time limit: an Envoy that has heard nothing yet must not call itself live.
      cds_config: overAds,
      lds_config: overAds,
    },
    static_resources: {
      clusters: [xdsCluster(options), ...(isReadable ? [adminCluster(admin)] : []), ...(probes?.clusters ?? []), ...settings.clusters],
      ...(listeners.length > 0 && { listeners }),
    },
    layered_runtime: {
      layers: [
        { name: 'mizzen', static_layer: settings.runtime },
        { name: 'admin', admin_layer: {} },
      ],
    },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type': `${EXTENSIONS}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig`,
            max_active_downstream_connections: settings.connectionLimit,
          },
        },
      ],
    },
    stats_config: settings.stats_config,
    stats_eviction_interval: EVICTION_INTERVAL,
    ...(settings.stats_sinks.length > 0 && { stats_sinks: settings.stats_sinks }),
    ...(settings.tracing && { tracing: settings.tracing }),
    ...(istioMetricNames && { bootstrap_extensions: [wasm()] }),
  };
}

function xdsCluster({ xds, trust }: EnvoyBootstrap): Record<string, unknown> {
  return {
    name: XDS_CLUSTER,
    type: isIP(xds.host) === 0 ? 'STRICT_DNS' : 'STATIC',
    ...(isIP(xds.host) === 0 && { respect_dns_ttl: true }),
    connect_timeout: '5s',
    load_assignment: { cluster_name: XDS_CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(xds.host, xds.port) } }] }] },
    ...(trust && { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: tls(trust) } }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '10s' } } },
        ...credentialFilters(trust),
      },
    },
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } },
    circuit_breakers: {
      thresholds: ['DEFAULT', 'HIGH'].map((priority) => ({
        priority,
        max_connections: 100_000,
        max_pending_requests: 100_000,
        max_requests: 100_000,
      })),
    },
  };
}

/** The chain must end at our root and the name must be the control plane's: a workload's certificate is not enough to pose as it. */
function tls(trust: XdsTrust): Record<string, unknown> {
  return {
    '@type': `${EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext`,
    sni: SERVER_NAME,
    common_tls_context: {
      alpn_protocols: ['h2'],
      tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
      ...validationContext(trust, SERVER_NAME),
    },
  };
}

/** Once there is anything of Wasm, Envoy drops the prefix that our metrics have, and its own, in Prometheus' format. */
const wasm = (): Record<string, unknown> => ({
  name: 'envoy.bootstrap.wasm',
  typed_config: {
    '@type': `${EXTENSIONS}.wasm.v3.WasmService`,
    singleton: true,
    config: { vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { inline_bytes: NOTHING } } } },
  },
});

function adminCluster(admin: { host: string; port: number }): Record<string, unknown> {
  const endpoint = { address: address(admin.host, admin.port) };
  return {
    name: ADMIN_CLUSTER,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: ADMIN_CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}

/** One page of the admin interface for a kubelet, a load balancer, a scraper; of the others nothing is shown. */
function adminPage(name: string, port: number, path: string, to: string): Record<string, unknown> {
  const route = { match: { path }, route: { cluster: ADMIN_CLUSTER, prefix_rewrite: to } };
  return {
    name,
    address: address('0.0.0.0', port),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes: [route] }] },
              http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } }],
            },
          },
        ],
      },
    ],
  };
}

const address = (host: string, port: number): Record<string, unknown> => ({ socket_address: { address: host, port_value: port } });
