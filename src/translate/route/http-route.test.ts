import { Route } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { describe, expect, test } from '@jest/globals';
import type { ConsistentHashLB, Destination, HTTPRoute } from '../../api/istio.js';
import { destinationCluster } from './destination.js';
import { httpRoutes } from './http-route.js';
import type { RouteContext } from './route-block.js';

const context = (over: Partial<RouteContext> = {}): RouteContext => ({
  owner: { name: 'reviews', namespace: 'shop', semantics: 'istio' },
  listenPort: 8080,
  gateway: 'mesh',
  proxyNamespace: 'shop',
  proxyLabels: { app: 'web' },
  isTls: false,
  appendXForwardedHost: false,
  defaultRetries: undefined,
  clusterOf: (destination) => destinationCluster(destination, 8080, () => undefined),
  hashOf: () => undefined,
  ...over,
});
const to = (host: string, more: object = {}): NonNullable<HTTPRoute['route']> =>
  [{ destination: { host }, ...more }] as NonNullable<HTTPRoute['route']>;
/** Some JSON, looked into without knowing its type. */
interface Json {
  readonly [key: string]: Json;
  readonly route: Json;
  readonly decorator: Json;
  readonly redirect: Json;
  readonly directResponse: Json;
  readonly retryPolicy: Json;
  readonly typedPerFilterConfig: Json;
}
/** Routes as JSON, the form in which Envoy's documentation shows them. */
const json = (http: unknown[], over?: Partial<RouteContext>) =>
  httpRoutes(http as HTTPRoute[], context(over)).map((route) => Route.toJSON(Route.fromPartial(route)) as Json);
const one = (http: object, over?: Partial<RouteContext>) => json([{ route: to('a.example'), ...http }], over)[0] as Json;

describe('order and choice of routes', () => {
  test('VS-005 nothing comes after a route that takes everything', () => {
    const routes = json([
      { name: 'first', match: [{ uri: { prefix: '/a' } }], route: to('a') },
      { name: 'all', route: to('b') },
      { name: 'never', match: [{ uri: { prefix: '/c' } }], route: to('c') },
    ]);
    expect(routes.map((route) => route.name)).toEqual(['first', 'all']);
  });
  test('VS-005 a prefix "/" with a header condition is no catch-all', () => {
    const routes = json([
      { match: [{ uri: { prefix: '/' }, headers: { a: { exact: 'b' } } }, { uri: { prefix: '/' } }, { uri: { prefix: '/never' } }], route: to('a') },
      { route: to('b') },
    ]);
    expect(routes).toHaveLength(2);
  });
  test('VS-013 VS-015 VS-016 matches for other ports, labels and namespaces are left out', () => {
    const names = json([
      { name: 'port', match: [{ port: 9090 }], route: to('a') },
      { name: 'labels', match: [{ sourceLabels: { app: 'other' }, uri: { exact: '/' } }], route: to('a') },
      { name: 'namespace', match: [{ sourceNamespace: 'other', uri: { exact: '/' } }], route: to('a') },
      { name: 'mine', match: [{ port: 8080, sourceLabels: { app: 'web' }, sourceNamespace: 'shop', uri: { exact: '/x' } }], route: to('a') },
    ]).map((route) => route.name);
    expect(names).toEqual(['mine']);
  });
  test('VS-014 gateways in a match replace its labels and namespace', () => {
    expect(json([{ match: [{ gateways: ['shop/edge'], sourceLabels: { app: 'web' } }], route: to('a') }])).toEqual([]);
    expect(json([{ match: [{ gateways: ['mesh'], sourceLabels: { app: 'other' } }], route: to('a') }])).toHaveLength(1);
  });
  test('VS-017 VS-018 VS-040 VS-041 names, statistics, decorator and metadata', () => {
    const route = one({ match: [{ name: 'm', statPrefix: 'calls', uri: { exact: '/x' } }] });
    expect(route).toMatchObject({
      name: '.m',
      statPrefix: 'calls',
      decorator: { operation: 'a.example:8080/x' },
      metadata: { filterMetadata: { istio: { config: '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/reviews' } } },
    });
  });
});

describe('match', () => {
  const match = (from: object, over?: Partial<RouteContext>) => one({ match: [from] }, over)['match'] as Json;
  test('VS-007 VS-008 paths', () => {
    expect(match({ uri: { exact: '/a' }, ignoreUriCase: true })).toEqual({ path: '/a', caseSensitive: false });
    expect(match({ uri: { prefix: '/a/' } })).toEqual({ prefix: '/a/', caseSensitive: true });
    expect(match({ uri: { regex: '/[ab]' } })).toEqual({ safeRegex: { regex: '/[ab]' }, caseSensitive: true });
  });
  test('VS-007 Ingress and Gateway API prefixes end at a segment', () => {
    const over = { owner: { name: 'a', namespace: 'b', semantics: 'gateway-api' } } as const;
    expect(match({ uri: { prefix: '/a/' } }, over)).toMatchObject({ pathSeparatedPrefix: '/a' });
    expect(match({ uri: { prefix: '/' } }, over)).toMatchObject({ prefix: '/' });
  });
  test('VS-010 VS-011 headers are sorted, a star regex means presence', () => {
    expect(match({ headers: { b: { regex: '*' }, a: {} }, withoutHeaders: { c: { exact: '1' }, 'a-b': {} } }).headers).toEqual([
      { name: 'a', presentMatch: true },
      { name: 'a-b', presentMatch: true, invertMatch: true },
      { name: 'b', presentMatch: true },
      { name: 'c', stringMatch: { exact: '1' }, invertMatch: true, treatMissingHeaderAsEmpty: true },
    ]);
  });
  test('VS-009 VS-012 method, authority, scheme and query parameters', () => {
    const found = match({
      method: { exact: 'GET' },
      scheme: { exact: 'https' },
      authority: { prefix: 'a.' },
      queryParams: { q: { regex: 'x+' }, p: {} },
    });
    expect((found.headers as unknown as { name: string }[]).map((header) => header.name)).toEqual([':method', ':authority', ':scheme']);
    expect(found.queryParameters).toEqual([
      { name: 'p', presentMatch: true },
      { name: 'q', stringMatch: { safeRegex: { regex: 'x+' } } },
    ]);
  });
  test('VS-044 claims are looked up in what jwt_authn found', () => {
    const { dynamicMetadata, headers } = match({
      headers: { '@request.auth.claims.group.id': { exact: 'x' } },
      withoutHeaders: { '@request.auth.claims[a.b]': { exact: 'y' } },
    });
    expect(headers).toBeUndefined();
    expect(
      (dynamicMetadata as unknown as { path: { key: string }[]; invert?: boolean }[]).map((matcher) => [
        matcher.path.map(({ key }) => key),
        matcher.invert,
      ]),
    ).toEqual([
      [['payload', 'group', 'id'], undefined],
      [['payload', 'a.b'], true],
    ]);
  });

  test.each([{}, { regex: '*' }, { prefix: '' }])('VS-044 an empty match asks that the claim is there: %j', (empty) => {
    const text = JSON.stringify(match({ headers: { '@request.auth.claims.group': empty } }).dynamicMetadata);
    expect(text.match(/"presentMatch":true/g)).toHaveLength(2);
    expect(text).not.toContain('stringMatch');
  });

  test('VS-044 a path with an empty part is no claim', () => {
    expect(match({ headers: { '@request.auth.claims.a..b': { exact: 'x' } } }).dynamicMetadata).toBeUndefined();
    expect(match({ headers: { '@request.auth.claims[a][]': { exact: 'x' } } }).dynamicMetadata).toBeUndefined();
  });
});

describe('action', () => {
  test('VS-019 VS-028 VS-029 forwarding without limits and with the default retries', () => {
    expect(one({}).route).toMatchObject({
      cluster: 'outbound|8080||a.example',
      timeout: '0s',
      retryPolicy: {
        retryOn: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
        numRetries: 2,
        hostSelectionRetryMaxAttempts: '5',
      },
    });
  });
  test('VS-020 weights: none for one destination, zeros dropped among several', () => {
    expect(one({ route: to('a', { weight: 30 }) }).route.weightedClusters).toBeUndefined();
    const two = [...to('a.x', { weight: 0 }), ...to('b.x', { weight: 100 })];
    const route = one({ route: two });
    expect(route.route.weightedClusters).toEqual({ clusters: [{ name: 'outbound|8080||b.x', weight: 100 }] });
    expect(route.decorator.operation).toBe('reviews:8080/*');
  });
  test('VS-020 no destination at all is answered, since Envoy refuses an empty list', () => {
    expect(one({ route: [...to('a', { weight: 0 }), ...to('b', { weight: 0 })] }).directResponse).toEqual({ status: 500 });
  });
  test('VS-021 VS-022 VS-024 the host header: rewrite over route over destination', () => {
    const headers = { request: { set: { Host: 'route.example', 'x-a': '1' }, add: { ':path': '/no', 'x-b': '2' }, remove: ['host', 'x-c'] } };
    const destination = { headers: { request: { set: { host: 'destination.example' } } } };
    const route = one({ headers, route: to('a.x', destination) });
    expect(route.route.hostRewriteLiteral).toBe('route.example');
    expect(route.requestHeadersToAdd).toEqual([
      { header: { key: 'x-a', value: '1' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      { header: { key: 'x-b', value: '2' } },
    ]);
    expect(route.requestHeadersToRemove).toEqual(['x-c']);
    expect(one({ headers, rewrite: { authority: 'rewrite.example' } }).route.hostRewriteLiteral).toBe('rewrite.example');
    expect(one({ route: to('a.x', destination) }).route.hostRewriteLiteral).toBe('destination.example');
  });
  test('VS-023 VS-025 path rewrites', () => {
    expect(one({ rewrite: { uri: '/b' } }).route.prefixRewrite).toBe('/b');
    expect(one({ rewrite: { uri: '/b', uriRegexRewrite: { match: '/(a)', rewrite: '/\\1' } } }).route).toMatchObject({
      regexRewrite: { pattern: { regex: '/(a)' }, substitution: '/\\1' },
    });
    const over = { owner: { name: 'a', namespace: 'b', semantics: 'gateway-api' } } as const;
    expect(one({ match: [{ uri: { prefix: '/v.1' } }], rewrite: { uri: '/' } }, over).route.regexRewrite).toEqual({
      pattern: { regex: '^/v\\.1(/?)(.*)' },
      substitution: '/\\2',
    });
  });
  test('VS-026 redirects hide the default port of their scheme', () => {
    expect(one({ redirect: { uri: '/n', port: 443, scheme: 'https', redirectCode: 308 } }).redirect).toEqual({
      pathRedirect: '/n',
      schemeRedirect: 'https',
      responseCode: 'PERMANENT_REDIRECT',
    });
    expect(one({ redirect: { authority: 'b', derivePort: 'FROM_REQUEST_PORT' } }).redirect).toEqual({
      hostRedirect: 'b',
      pathRedirect: '',
      portRedirect: 8080,
    });
    expect(one({ redirect: { port: 443 } }, { isTls: true }).redirect.portRedirect).toBeUndefined();
    expect(json([{ redirect: { redirectCode: 305 } }])).toEqual([]);
  });
  test('VS-027 direct responses', () => {
    expect(one({ directResponse: { status: 503, body: { string: 'later' } } }).directResponse).toEqual({
      status: 503,
      body: { inlineString: 'later' },
    });
    expect(one({ directResponse: { status: 200, body: { bytes: 'aGk=' } } }).directResponse.body).toEqual({ inlineBytes: 'aGk=' });
  });
  test('VS-029 MC-018 retries: codes apart from conditions, none for zero attempts', () => {
    const policy = one({ retries: { attempts: 3, perTryTimeout: '2s', retryOn: 'gateway-error, 503,404,9999' } }).route.retryPolicy;
    expect(policy).toMatchObject({ numRetries: 3, retryOn: 'gateway-error,9999,retriable-status-codes', retriableStatusCodes: [503, 404] });
    expect(one({ retries: { attempts: 0 } }).route.retryPolicy).toBeUndefined();
    expect(one({}, { defaultRetries: { attempts: 7 } }).route.retryPolicy.numRetries).toBe(7);
    expect(one({ retries: { attempts: 1, retryRemoteLocalities: true, retryIgnorePreviousHosts: false } }).route.retryPolicy).toMatchObject({
      retryPriority: { name: 'envoy.retry_priorities.previous_priorities' },
    });
  });
  test('VS-030 VS-031 faults in parts per million', () => {
    const fault = { delay: { fixedDelay: '5s', percentage: { value: 0.1 } }, abort: { grpcStatus: 'UNAVAILABLE' } };
    expect(one({ fault }).typedPerFilterConfig['envoy.filters.http.fault']).toMatchObject({
      delay: { percentage: { numerator: 1000, denominator: 'MILLION' } },
      abort: { grpcStatus: 14 },
    });
    const empty = { 'envoy.filters.http.fault': { '@type': expect.stringMatching(/HTTPFault$/) } };
    expect(one({ fault: { delay: { exponentialDelay: '1s' } } }).typedPerFilterConfig).toEqual(empty);
  });
  test('VS-032 VS-033 mirrors of nothing are left out', () => {
    const route = one({
      mirror: { host: 'm.x' },
      mirrors: [
        { destination: { host: 'n.x' }, percentage: { value: 0 } },
        { destination: { host: 'o.x' }, percentage: { value: 12.5 } },
      ],
    });
    expect(route.route.requestMirrorPolicies).toEqual([
      {
        cluster: 'outbound|8080||m.x',
        runtimeFraction: { defaultValue: { numerator: 100 } },
        traceSampled: false,
        disableShadowHostSuffixAppend: true,
      },
      {
        cluster: 'outbound|8080||o.x',
        runtimeFraction: { defaultValue: { numerator: 125_000, denominator: 'MILLION' } },
        traceSampled: false,
        disableShadowHostSuffixAppend: true,
      },
    ]);
  });
  test('VS-034 CORS', () => {
    const cors = {
      allowOrigins: [{ exact: 'https://a' }],
      allowMethods: ['GET', 'PUT'],
      maxAge: '1h',
      allowCredentials: false,
      unmatchedPreflights: 'IGNORE',
    };
    expect(one({ corsPolicy: cors }).typedPerFilterConfig['envoy.filters.http.cors']).toMatchObject({
      allowOriginStringMatch: [{ exact: 'https://a' }],
      allowMethods: 'GET,PUT',
      maxAge: '3600',
      allowCredentials: false,
      forwardNotMatchingPreflights: false,
    });
  });
  test('DR-009 a hashed destination gets a hash policy and stays with its host', () => {
    const hashOf = ({ host }: Destination): ConsistentHashLB | undefined =>
      host === 'h.x' ? ({ httpHeaderName: 'x-user' } as ConsistentHashLB) : undefined;
    const hashed = one({ route: to('h.x') }, { hashOf }).route;
    expect(hashed.hashPolicy).toEqual([{ header: { headerName: 'x-user' } }]);
    expect(hashed.retryPolicy.retryHostPredicate).toBeUndefined();
    const mixed = one({ route: [...to('h.x', { weight: 1 }), ...to('i.x', { weight: 1 })] }, { hashOf }).route;
    expect(mixed.hashPolicy).toHaveLength(1);
    expect(mixed.retryPolicy.retryHostPredicate).toHaveLength(1);
  });
  test('VS-048 Gateway API semantics answer 500 where a cluster is missing', () => {
    const over = { owner: { name: 'a', namespace: 'b', semantics: 'gateway-api' } } as const;
    expect(one({}, over).route.clusterNotFoundResponseCode).toBe('INTERNAL_SERVER_ERROR');
  });
});

describe('destinations', () => {
  const lookup = (host: string) =>
    ({ a: { ports: [{ port: 9 }] }, b: { ports: [{ port: 9 }, { port: 10 }] }, c: { ports: [{ port: 9 }], externalName: 'd' } })[host];
  test.each([
    [{ host: 'a' }, 'outbound|9||a'],
    [{ host: 'b' }, 'outbound|80||b'],
    [{ host: 'b', port: { number: 10 }, subset: 's' }, 'outbound|10|s|b'],
    [{ host: 'c' }, 'outbound|9||d'],
    [{ host: 'unknown.x' }, 'outbound|80||unknown.x'],
    [{ host: '' }, 'UnknownService'],
  ])('VS-019 %j is %s', (destination, cluster) => {
    expect(destinationCluster(destination as Destination, 80, lookup)).toBe(cluster);
  });
});
