import { describe, expect, test } from '@jest/globals';
import type { Gateway, Server } from '../api/istio.js';
import { mergeGateways } from './gateway-merge.js';

let age = 0;
const gateway = (name: string, ...servers: Server[]): Gateway => ({
  kind: 'Gateway',
  apiVersion: 'networking.istio.io/v1',
  metadata: { name, namespace: 'edge', labels: {}, annotations: {} },
  spec: { servers },
  createdAt: age++,
});
const server = (
  number: number,
  protocol: string,
  extra: { hosts?: string[]; bind?: string; mode?: 'SIMPLE' | 'PASSTHROUGH'; redirect?: boolean } = {},
): Server => ({
  port: { number, name: `${protocol.toLowerCase()}-${number}`, protocol },
  hosts: extra.hosts ?? ['*'],
  ...(extra.bind === undefined ? {} : { bind: extra.bind }),
  ...(extra.mode === undefined ? {} : { tls: { mode: extra.mode } }),
  ...(extra.redirect === undefined ? {} : { tls: { httpsRedirect: extra.redirect } }),
});

function merged(gateways: Gateway[], gatewayPorts: [number, number][] = []) {
  const { listeners, rejected } = mergeGateways(gateways, { gatewayPorts });
  return {
    listeners: listeners.map(
      ({ bind, port, servers }) => `${bind}:${port} ${servers.map((at) => `${at.gateway.metadata.name}/${at.routeName}`).join(' ')}`,
    ),
    rejected: rejected.map(({ gateway: { metadata }, reason }) => `${metadata.name}: ${reason}`),
  };
}

describe('merging Gateways', () => {
  test('GW-002 GW-023 HTTP routes are named after the port listened on, HTTPS ones after the configured port', () => {
    const both = gateway('web', server(80, 'HTTP'), server(443, 'HTTPS', { mode: 'SIMPLE' }));
    expect(
      merged(
        [both],
        [
          [80, 8080],
          [443, 8443],
        ],
      ),
    ).toEqual({
      listeners: [':8080 web/http.8080', ':8443 web/https.443.https-443.web.edge'],
      rejected: [],
    });
  });

  test('GW-002 HTTP, gRPC and a server on the target port itself share a listener', () => {
    const { listeners } = merged([gateway('a', server(80, 'HTTP')), gateway('b', server(80, 'GRPC'), server(8080, 'HTTP2'))], [[80, 8080]]);
    expect(listeners).toEqual([':8080 a/http.8080 b/http.8080 b/http.8080']);
  });

  test('GW-024 of plain protocols that cannot share a port the older Gateway wins', () => {
    const { listeners, rejected } = merged([
      gateway('a', server(80, 'HTTP')),
      gateway('b', server(80, 'TCP')),
      gateway('c', server(80, 'HTTPS', { mode: 'SIMPLE' })),
    ]);
    expect(listeners).toEqual([':80 a/http.80']);
    expect(rejected).toEqual([
      'b: port 80 is used for HTTP, which cannot share it with TCP',
      'c: port 80 is used for HTTP, which cannot share it with HTTPS',
    ]);
  });

  test('GW-024 a second TCP server on a port is rejected', () => {
    expect(merged([gateway('a', server(90, 'TCP')), gateway('b', server(90, 'TCP'))]).rejected).toHaveLength(1);
  });

  test('GW-025 a host that an older TLS server has, for whatever namespace, is not served twice', () => {
    const tls = (hosts: string[]) => server(443, 'HTTPS', { mode: 'SIMPLE', hosts });
    const { rejected } = merged([
      gateway('a', tls(['x.example'])),
      gateway('b', tls(['shop/x.example', 'y.example'])),
      gateway('c', tls(['y.example'])),
    ]);
    expect(rejected).toEqual(['b: host x.example on port 443 belongs to Gateway edge/a']);
  });

  test('GW-022 servers on another address do not clash', () => {
    const { listeners, rejected } = merged([
      gateway('a', server(80, 'HTTP')),
      gateway('b', server(80, 'TCP', { bind: '10.0.0.9' }), server(80, 'HTTP', { bind: '10.0.0.8' })),
    ]);
    expect(listeners).toEqual([':80 a/http.80', '10.0.0.9:80 b/', '10.0.0.8:80 b/http.80.10.0.0.8']);
    expect(rejected).toEqual([]);
  });

  test('GW-007 TLS that passes through has no route name and joins terminated TLS', () => {
    const { listeners } = merged([
      gateway('a', server(443, 'HTTPS', { mode: 'SIMPLE', hosts: ['a'] }), server(443, 'TLS', { mode: 'PASSTHROUGH', hosts: ['b'] })),
    ]);
    expect(listeners).toEqual([':443 a/https.443.https-443.a.edge a/']);
  });

  test('GW-011 redirecting HTTP servers share a port unless they name the same host', () => {
    const redirect = (hosts: string[]) => server(80, 'HTTP', { redirect: true, hosts });
    const { listeners, rejected } = merged([gateway('a', redirect(['./x'])), gateway('b', redirect(['shop/x'])), gateway('c', redirect(['edge/x']))]);
    expect(listeners).toEqual([':80 a/http.80 b/http.80']);
    expect(rejected).toEqual(['c: host edge/x on port 80 belongs to Gateway edge/a']);
  });

  test('two HTTPS servers of one Gateway with the same port name cannot be told apart by routes', () => {
    const named = (hosts: string[]) => server(443, 'HTTPS', { mode: 'SIMPLE', hosts });
    expect(merged([gateway('a', named(['x']), named(['y']))]).rejected).toEqual(['a: port name https-443 is not unique']);
  });
});
