import { describe, expect, test } from '@jest/globals';
import { type AppProbers, appProbes } from './app-probes.js';

const made = (probers: AppProbers, address = '10.0.0.1') => JSON.parse(JSON.stringify(appProbes(probers, address, 15020))) as Made;
interface Made {
  clusters: { [field: string]: unknown; load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: unknown } }] }] } }[];
  listeners: [{ address: unknown; filter_chains: [{ filters: [{ typed_config: Manager }] }] }];
}
interface Manager {
  route_config: { virtual_hosts: [{ routes: { match: unknown; route: Record<string, unknown>; request_headers_to_add?: unknown }[] }] };
  http_filters: { name: string; typed_config: Record<string, unknown> }[];
}
const managerOf = ({ listeners }: Made): Manager => listeners[0].filter_chains[0].filters[0].typed_config;

describe('probes by Envoy alone', () => {
  test('IN-012: a pod without probes has no listener', () => expect(appProbes({}, '10.0.0.1', 15020)).toEqual({ clusters: [], listeners: [] }));

  test('IN-012: a request is passed on with path, host, headers and time limit', () => {
    const httpHeaders = [
      { name: 'Host', value: 'web.example' },
      { name: 'X-Probe', value: '100%' },
    ];
    const [route] = managerOf(made({ '/app-health/web/readyz': { httpGet: { path: '/ready', port: 8080, httpHeaders }, timeoutSeconds: 3 } }))
      .route_config.virtual_hosts[0].routes;
    expect(route).toMatchObject({
      match: { path: '/app-health/web/readyz' },
      route: { prefix_rewrite: '/ready', host_rewrite_literal: 'web.example', timeout: '3s' },
      request_headers_to_add: [{ header: { key: 'X-Probe', value: '100%%' } }],
    });
  });

  test('IN-012: HTTPS is spoken to the application, whose certificate is not judged; the host may be another', () => {
    const [cluster] = made({ '/x': { httpGet: { port: 8443, scheme: 'HTTPS', host: '10.0.0.9' } } }).clusters;
    expect(cluster).toMatchObject({ type: 'STATIC', transport_socket: { typed_config: { common_tls_context: {} } } });
    expect(cluster!.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address).toEqual({
      socket_address: { address: '10.0.0.9', port_value: 8443 },
    });
  });

  test('IN-012: ports and gRPC services are watched', () => {
    const all = made({ '/tcp': { tcpSocket: { port: 6000 } }, '/rpc': { grpc: { port: 9000, service: 'shop.Health' } } });
    const [tcp, rpc] = all.clusters;
    expect(tcp).toMatchObject({ health_checks: [{ tcp_health_check: {} }] });
    expect(rpc).toMatchObject({ health_checks: [{ grpc_health_check: { service_name: 'shop.Health' } }] });
    expect(managerOf(all).http_filters.map(({ name }) => name)).toEqual([
      'envoy.filters.http.health_check',
      'envoy.filters.http.health_check',
      'envoy.filters.http.router',
    ]);
  });

  test('IN-012: connections come from the address that the rules leave alone, in both families', () => {
    expect(made({ '/x': { tcpSocket: { port: 1 } } }).clusters[0]).toMatchObject({
      upstream_bind_config: { source_address: { address: '127.0.0.6' } },
    });
    const v6 = made({ '/x': { httpGet: { port: 1 } } }, 'fd00::1');
    expect(v6.clusters[0]).toMatchObject({ upstream_bind_config: { source_address: { address: '::6' } } });
    expect(managerOf(v6).route_config.virtual_hosts[0].routes[0]!.route['host_rewrite_literal']).toBe('[fd00::1]:1');
  });
});
