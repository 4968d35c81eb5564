/** EnvoyFilters. Each patch leaves a valid configuration wherever it matches, alone and after any of the others. */
import { constant, labels, list, need, oneof, pick, port, record, some, tuple } from './values.mjs';

const type = (name) => `type.googleapis.com/envoy.${name}`;
const context = pick('ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY');
const HCM = 'envoy.filters.network.http_connection_manager';

const httpFilters = pick(
  {
    name: 'lua',
    typed_config: { '@type': type('extensions.filters.http.lua.v3.Lua'), default_source_code: { inline_string: 'function envoy_on_request(h) end' } },
  },
  { name: 'buffer', typed_config: { '@type': type('extensions.filters.http.buffer.v3.Buffer'), max_request_bytes: 4096 } },
  {
    name: 'local-limit',
    typed_config: {
      '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
      type_url: type('extensions.filters.http.local_ratelimit.v3.LocalRateLimit'),
      value: { stat_prefix: 'limit', token_bucket: { max_tokens: 4, tokens_per_fill: 4, fill_interval: '60s' } },
    },
  },
  {
    name: 'compressor',
    typed_config: {
      '@type': type('extensions.filters.http.compressor.v3.Compressor'),
      compressor_library: { name: 'gzip', typed_config: { '@type': type('extensions.compression.gzip.compressor.v3.Gzip') } },
    },
  },
);
const inHcm = (subFilter) => record({ filterChain: record({ filter: need(['name'], { name: constant(HCM), ...(subFilter && { subFilter }) }) }) });
const beforeRouter = record({ name: pick('envoy.filters.http.router', 'envoy.filters.http.fault', 'envoy.filters.http.cors') });
const httpFilter = oneof(
  tuple(context, inHcm(beforeRouter), pick('INSERT_BEFORE', 'INSERT_FIRST'), httpFilters).map(([where, listener, operation, value]) => ({
    applyTo: 'HTTP_FILTER',
    match: { context: where, listener },
    patch: { operation, value },
  })),
  tuple(context, pick('envoy.filters.http.cors', 'envoy.filters.http.grpc_stats', 'envoy.filters.http.fault')).map(([where, name]) => ({
    applyTo: 'HTTP_FILTER',
    match: { context: where, listener: { filterChain: { filter: { name: HCM, subFilter: { name } } } } },
    patch: { operation: 'REMOVE' },
  })),
  context.map((where) => ({
    applyTo: 'HTTP_FILTER',
    match: { context: where, listener: { filterChain: { filter: { name: HCM, subFilter: { name: 'envoy.filters.http.router' } } } } },
    patch: {
      operation: 'MERGE',
      value: { typed_config: { '@type': type('extensions.filters.http.router.v3.Router'), suppress_envoy_headers: true } },
    },
  })),
);
const networkFilter = oneof(
  context.map((where) => ({
    applyTo: 'NETWORK_FILTER',
    match: { context: where, listener: { filterChain: { filter: { name: HCM } } } },
    patch: {
      operation: 'MERGE',
      value: {
        typed_config: {
          '@type': type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
          xff_num_trusted_hops: 2,
          common_http_protocol_options: { idle_timeout: '30s' },
          server_name: 'patched',
        },
      },
    },
  })),
  tuple(context, pick('envoy.filters.network.tcp_proxy', HCM)).map(([where, name]) => ({
    applyTo: 'NETWORK_FILTER',
    match: { context: where, listener: { filterChain: { filter: { name } } } },
    patch: {
      operation: 'INSERT_BEFORE',
      value: {
        name: 'limit',
        typed_config: { '@type': type('extensions.filters.network.connection_limit.v3.ConnectionLimit'), stat_prefix: 'limit', max_connections: 9 },
      },
    },
  })),
);
const listenerPatch = oneof(
  tuple(context, some({ portNumber: port, name: pick('virtualInbound', 'virtualOutbound') })).map(([where, listener]) => ({
    applyTo: 'LISTENER',
    match: { context: where, listener },
    patch: { operation: 'MERGE', value: { per_connection_buffer_limit_bytes: 65_536, tcp_backlog_size: 12 } },
  })),
  tuple(context, port).map(([where, portNumber]) => ({
    applyTo: 'LISTENER',
    match: { context: where, listener: { portNumber } },
    patch: { operation: 'REMOVE' },
  })),
  context.map((where) => ({
    applyTo: 'FILTER_CHAIN',
    match: { context: where },
    patch: { operation: 'MERGE', value: { transport_socket_connect_timeout: '3s' } },
  })),
  context.map((where) => ({
    applyTo: 'LISTENER_FILTER',
    match: { context: where, listener: { listenerFilter: 'envoy.filters.listener.tls_inspector' } },
    patch: {
      operation: 'INSERT_AFTER',
      value: {
        name: 'more',
        typed_config: { '@type': type('extensions.filters.listener.proxy_protocol.v3.ProxyProtocol'), allow_requests_without_proxy_protocol: true },
      },
    },
  })),
);
const virtualHost = some({
  name: pick('a.app.svc.cluster.local:80', 'one.example.com:80', 'one.example.com:443'),
  route: some({ action: pick('ANY', 'ROUTE', 'REDIRECT') }),
});
const routePatch = oneof(
  context.map((where) => ({
    applyTo: 'ROUTE_CONFIGURATION',
    match: { context: where },
    patch: { operation: 'MERGE', value: { response_headers_to_remove: ['x-secret'], max_direct_response_body_size_bytes: 9000 } },
  })),
  tuple(context, some({ vhost: virtualHost, portNumber: pick(80) })).map(([where, routeConfiguration]) => ({
    applyTo: 'VIRTUAL_HOST',
    match: { context: where, routeConfiguration },
    patch: { operation: 'MERGE', value: { request_headers_to_add: [{ header: { key: 'x-vh', value: 'yes' } }] } },
  })),
  tuple(context, pick('ADD', 'INSERT_FIRST')).map(([where, operation]) => ({
    applyTo: 'HTTP_ROUTE',
    match: { context: where },
    patch: { operation, value: { name: 'probe', match: { path: '/probe' }, direct_response: { status: 200 } } },
  })),
  tuple(context, virtualHost).map(([where, vhost]) => ({
    applyTo: 'HTTP_ROUTE',
    match: { context: where, routeConfiguration: { vhost: { ...vhost, route: { action: 'ROUTE' } } } },
    patch: {
      operation: 'MERGE',
      value: {
        route: { idle_timeout: '11s', hash_policy: [{ connection_properties: { source_ip: true } }] },
        metadata: { filter_metadata: { own: { a: 1 } } },
      },
    },
  })),
);
const clusterPatch = oneof(
  tuple(context, some({ service: pick('a.app.svc.cluster.local', 'one.example.com'), portNumber: port, subset: pick('v1') })).map(
    ([where, cluster]) => ({
      applyTo: 'CLUSTER',
      match: { context: where, cluster },
      patch: {
        operation: 'MERGE',
        value: { connect_timeout: '1.25s', per_connection_buffer_limit_bytes: 3000, outlier_detection: { consecutive_5xx: 3 } },
      },
    }),
  ),
  context.map((where) => ({
    applyTo: 'CLUSTER',
    match: { context: where, cluster: { service: 'a.app.svc.cluster.local' } },
    patch: {
      operation: 'MERGE',
      value: {
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
            common_http_protocol_options: { max_requests_per_connection: 88 },
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
      },
    },
  })),
  // Not ports 80 and 9000, where the mesh's providers are: Envoy refuses a tracer whose cluster is taken away, as who took it asked for.
  tuple(context, pick(443, 7070, 8000)).map(([where, portNumber]) => ({
    applyTo: 'CLUSTER',
    match: { context: where, cluster: { portNumber } },
    patch: { operation: 'REMOVE' },
  })),
);
/** Adds may be there once only: they belong to the resource of a name, in one namespace. */
const added = [
  {
    applyTo: 'CLUSTER',
    match: { context: 'ANY' },
    patch: { operation: 'ADD', value: { name: 'added', type: 'STATIC', connect_timeout: '0.5s', load_assignment: { cluster_name: 'added' } } },
  },
  {
    applyTo: 'VIRTUAL_HOST',
    match: { context: 'ANY' },
    patch: {
      operation: 'ADD',
      value: { name: 'added', domains: ['added.example'], routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }] },
    },
  },
  {
    applyTo: 'LISTENER',
    match: { context: 'ANY' },
    patch: {
      operation: 'ADD',
      value: {
        name: 'added',
        address: { socket_address: { address: '127.0.0.1', port_value: 19_999 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'tcp',
                typed_config: { '@type': type('extensions.filters.network.tcp_proxy.v3.TcpProxy'), stat_prefix: 'x', cluster: 'added' },
              },
            ],
          },
        ],
      },
    },
  },
];

const patches = list(oneof(httpFilter, networkFilter, listenerPatch, routePatch, clusterPatch), 4, 1);
const istio = constant('networking.istio.io/v1alpha3');
export const envoyFilter = {
  apiVersion: istio,
  kind: constant('EnvoyFilter'),
  spec: need(['configPatches'], { configPatches: patches, priority: pick(-10, 0, 10), workloadSelector: record({ labels }) }),
};
/** At most one of these is in a mesh. */
export const addingFilter = {
  apiVersion: istio,
  kind: constant('EnvoyFilter'),
  spec: pick(...added).map((one) => ({ configPatches: [one] })),
};
