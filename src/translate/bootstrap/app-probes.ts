/**
 * The application's probes, answered by Envoy alone (IN-012): a static listener where the kubelet asks, a route or a health check behind each path.
 * The injector moved the probes there because the kubelet has no certificate of the mesh.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/health_check_filter
 */
import { isIP } from 'node:net';
import type { Json } from './workload.js';

/** What is to be asked for a path: one of the three, in the words of Kubernetes. Ports are numbers. */
export interface AppProber {
  httpGet?: { path?: string; port: number | string; host?: string; scheme?: string; httpHeaders?: { name: string; value: string }[] };
  tcpSocket?: { port: number | string; host?: string };
  grpc?: { port: number; service?: string | null };
  timeoutSeconds?: number;
}

/** Path → what to ask. */
export type AppProbers = Readonly<Record<string, AppProber>>;

export interface AppProbes {
  readonly clusters: readonly Json[];
  readonly listeners: readonly Json[];
}

const TYPES = 'type.googleapis.com/envoy.extensions';
/** How often a port is tried that Envoy watches; kubelets ask every 10 s unless they are told otherwise. */
const INTERVAL = '1s';
const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/**
 * @param address the pod's; the applications listen there
 * @param port where the kubelet asks
 */
export function appProbes(probers: AppProbers, address: string, port: number): AppProbes {
  const all = Object.entries(probers).map(([path, prober], index) => ({ path, prober, name: `app-probe-${index}` }));
  if (all.length === 0) return { clusters: [], listeners: [] };
  const http = all.filter(({ prober }) => prober.httpGet !== undefined);
  const watched = all.filter(({ prober }) => prober.httpGet === undefined);
  const manager = {
    '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'app-probes',
    // HTTP/1.1 keeps header names as the application knows them.
    http_protocol_options: { header_key_format: { proper_case_words: {} } },
    route_config: {
      name: 'app-probes',
      virtual_hosts: [{ name: 'app-probes', domains: ['*'], routes: http.map(({ path, prober, name }) => route(path, prober, name, address)) }],
    },
    http_filters: [
      ...watched.map(({ path, name }) => healthCheck(path, name)),
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } },
    ],
  };
  const listener = {
    name: 'app-probes',
    address: socketAddress(isIP(address) === 6 ? '::' : '0.0.0.0', port),
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
  return { clusters: all.map(({ prober, name }) => cluster(prober, name, address)), listeners: [listener] };
}

/** The response is the application's own: its status decides. */
function route(path: string, { httpGet, timeoutSeconds = 1 }: AppProber, name: string, address: string): Json {
  const { path: to = '/', httpHeaders = [], port, host } = httpGet!;
  const own = httpHeaders.find((header) => header.name.toLowerCase() === 'host')?.value;
  const named = host ?? address;
  const authority = own ?? `${isIP(named) === 6 ? `[${named}]` : named}:${port}`;
  const headers = httpHeaders.filter((header) => header.name.toLowerCase() !== 'host');
  return {
    match: { path },
    route: {
      cluster: name,
      prefix_rewrite: to.startsWith('/') ? to : `/${to}`,
      host_rewrite_literal: authority,
      timeout: `${timeoutSeconds}s`,
    },
    ...(headers.length > 0 && {
      request_headers_to_add: headers.map(({ name: key, value }) => ({
        header: { key, value: value.replaceAll('%', '%%') },
        append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      })),
    }),
  };
}

/** 200 while the port was open, or the gRPC service healthy, when it was tried last; otherwise 503. */
const healthCheck = (path: string, name: string): Json => ({
  name: 'envoy.filters.http.health_check',
  typed_config: {
    '@type': `${TYPES}.filters.http.health_check.v3.HealthCheck`,
    pass_through_mode: false,
    headers: [{ name: ':path', string_match: { exact: path } }],
    cluster_min_healthy_percentages: { [name]: { value: 1 } },
  },
});

function cluster({ httpGet, tcpSocket, grpc, timeoutSeconds = 1 }: AppProber, name: string, address: string): Json {
  const { port, host } = { host: undefined, ...(httpGet ?? tcpSocket ?? grpc!) };
  const endpoint = { address: socketAddress(host ?? address, Number(port)) };
  const check = {
    timeout: `${timeoutSeconds}s`,
    interval: INTERVAL,
    no_traffic_interval: INTERVAL,
    no_traffic_healthy_interval: INTERVAL,
    unhealthy_threshold: 1,
    healthy_threshold: 1,
    ...(grpc === undefined ? { tcp_health_check: {} } : { grpc_health_check: { ...(grpc.service && { service_name: grpc.service }) } }),
  };
  return {
    name,
    // A probe may name another host than the pod.
    type: isIP(host ?? address) === 0 ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: `${timeoutSeconds}s`,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    // The rules for inbound traffic leave this source alone.
    upstream_bind_config: { source_address: { address: isIP(host ?? address) === 6 ? '::6' : '127.0.0.6', port_value: 0 } },
    // One unhealthy endpoint is not used all the same.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    ...(httpGet === undefined && { health_checks: [check] }),
    ...(grpc !== undefined && { typed_extension_protocol_options: HTTP2 }),
    ...(httpGet?.scheme === 'HTTPS' && {
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        // As a kubelet: certificates of probed applications are not judged.
        typed_config: { '@type': `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`, common_tls_context: {} },
      },
    }),
  };
}

const socketAddress = (address: string, port: number): Json => ({ socket_address: { address, port_value: port } });
