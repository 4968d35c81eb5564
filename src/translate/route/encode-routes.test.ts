import { RouteConfiguration } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
import { VirtualHost_TlsRequirementType } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { describe, expect, test } from '@jest/globals';
import { defaultRoute } from './default-route.js';
import { encodeHead, encodeRouteConfiguration, encodeRoutes, encodeUnknownRouteConfiguration } from './encode-routes.js';
import { inboundRouteConfiguration } from './inbound.js';
import { parseSidecarRouteName } from './route-name.js';

const catchAll = defaultRoute('a.x', 80, undefined, undefined);
const specific = { ...catchAll, name: 'specific', match: { pathSpecifier: { $case: 'path' as const, value: '/a' } } };

describe('encoding by parts', () => {
  test('equals what the generated code reads and writes', () => {
    const domains = ['a.x', 'ä.x', 'x'.repeat(300)];
    const bytes = encodeRouteConfiguration('80', [
      { head: encodeHead('a.x:80', domains), routes: [encodeRoutes([specific, catchAll])], requireTls: true, includeRequestAttemptCount: true },
      { head: encodeHead('b.x:80', ['b.x']), routes: [], requireTls: false, includeRequestAttemptCount: false },
    ]);
    const decoded = RouteConfiguration.decode(bytes);
    expect(decoded).toMatchObject({
      name: '80',
      validateClusters: false,
      ignorePortInHostMatching: true,
      maxDirectResponseBodySizeBytes: 1024 * 1024,
      virtualHosts: [
        { name: 'a.x:80', domains, requireTls: VirtualHost_TlsRequirementType.ALL, includeRequestAttemptCount: true },
        { name: 'b.x:80', routes: [], requireTls: VirtualHost_TlsRequirementType.NONE, includeRequestAttemptCount: false },
      ],
    });
    expect(RouteConfiguration.decode(RouteConfiguration.encode(decoded).finish())).toEqual(decoded);
  });
  test('VS-005 routes that take everything go last when VirtualServices are joined', () => {
    const bytes = encodeRouteConfiguration('80', [
      {
        head: encodeHead('a', ['a']),
        routes: [encodeRoutes([catchAll]), encodeRoutes([specific])],
        requireTls: false,
        includeRequestAttemptCount: true,
      },
    ]);
    expect(RouteConfiguration.decode(bytes).virtualHosts[0]?.routes.map((route) => route.name)).toEqual(['specific', 'default']);
  });
  test('XD-009 an unknown name gets an empty configuration', () => {
    expect(RouteConfiguration.toJSON(RouteConfiguration.decode(encodeUnknownRouteConfiguration('x')))).toEqual({
      name: 'x',
      validateClusters: false,
    });
  });
});

test.each([
  ['80', { name: '80', port: 80 }],
  ['a.x:81', { name: 'a.x:81', port: 81, host: 'a.x' }],
  ['http_proxy', { name: 'http_proxy', port: 0 }],
  ['unix:///a', { name: 'unix:///a', port: 0 }],
  ['inbound|80||', undefined],
])('route name %s', (name, parsed) => {
  expect(parseSidecarRouteName(name)).toEqual(parsed);
});

test('MC-019 inbound retries, but never for gRPC', () => {
  const inbound = { clusterName: 'inbound|80||', hostname: 'a.x', servicePort: 8080, defaultRetries: undefined };
  const policyOf = (protocol: 'HTTP' | 'GRPC') => {
    const action = inboundRouteConfiguration({ ...inbound, protocol }).virtualHosts?.[0]?.routes?.[0]?.action;
    return action?.$case === 'route' ? action.value?.retryPolicy : 'no route';
  };
  expect(policyOf('HTTP')).toEqual({ numRetries: 2, retryOn: 'reset-before-request' });
  expect(policyOf('GRPC')).toBeUndefined();
});
