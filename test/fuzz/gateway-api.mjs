/** Gateway API: Gateways, ListenerSets, routes at gateways and in the mesh, grants, policies of backends. */
import {
  boolean,
  constant,
  list,
  namespace,
  need,
  oneof,
  option,
  outsideHost,
  pick,
  port,
  record,
  regex,
  serviceName,
  some,
  tuple,
} from './values.mjs';

const standard = constant('gateway.networking.k8s.io/v1');
const hostnames = list(outsideHost, 2, 1).map((all) => [...new Set(all)]);

const allowedRoutes = some({
  namespaces: record({ from: pick('All', 'Same', 'All') }),
  kinds: list(record({ kind: pick('HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute') }), 2, 1),
});
const certificateRefs = list(need(['name'], { name: pick('cert', 'other-cert', 'missing'), namespace }), 2, 1);
const listener = oneof(
  record({ port: pick(80, 8080), protocol: constant('HTTP'), hostname: outsideHost, allowedRoutes }),
  record({ port: pick(80, 8080), protocol: constant('HTTP'), allowedRoutes }),
  record({
    port: pick(443, 8443),
    protocol: constant('HTTPS'),
    hostname: outsideHost,
    allowedRoutes,
    tls: need(['certificateRefs'], {
      certificateRefs,
      mode: constant('Terminate'),
      options: constant({ 'gateway.istio.io/tls-terminate-mode': 'MUTUAL' }),
    }),
  }),
  record({
    port: pick(443, 8443),
    protocol: constant('TLS'),
    hostname: outsideHost,
    allowedRoutes,
    tls: oneof(record({ mode: constant('Passthrough') }), record({ mode: constant('Terminate'), certificateRefs })),
  }),
  record({ port: pick(9000, 443), protocol: constant('TCP'), allowedRoutes }),
);
const listeners = list(listener, 4, 1).map((all) => all.map((one, n) => ({ name: `l${n}`, ...one })));
const ca = { caCertificateRefs: pick([{ group: '', kind: 'ConfigMap', name: 'ca' }], [{ group: '', kind: 'ConfigMap', name: 'missing' }]) };

/** A Gateway, its listeners in the Gateway or beside it. */
export const k8sGateway = {
  apiVersion: standard,
  kind: constant('Gateway'),
  spec: need(['gatewayClassName', 'listeners'], {
    gatewayClassName: pick('istio', 'istio', 'istio', 'foreign'),
    listeners,
    allowedListeners: record({ namespaces: record({ from: pick('All', 'Same', 'None') }) }),
    addresses: pick([{ type: 'Hostname', value: 'ingress.istio-system.svc.cluster.local' }], [{ type: 'IPAddress', value: '192.0.2.1' }]),
    tls: record({
      frontend: need(['default'], {
        default: record({ validation: need(['caCertificateRefs'], { ...ca, mode: pick('AllowValidOnly', 'AllowInsecureFallback') }) }),
      }),
    }),
  }),
};
export const listenerSet = {
  apiVersion: standard,
  kind: constant('ListenerSet'),
  spec: record({ parentRef: record({ name: pick('public'), namespace: constant('app') }), listeners }),
};

const header = { name: pick('x-one', 'X-Two', 'cookie') };
const value = pick('v', '1', 'a b', '%', '50%', '%REQ(x)%');
const headerChange = some({ set: list(record({ ...header, value }), 1), add: list(record({ ...header, value }), 1), remove: list(header.name, 1) });
const service = need(['name', 'port'], { name: serviceName, namespace, port });
const backend = oneof(
  service,
  record({
    group: constant('networking.istio.io'),
    kind: constant('Hostname'),
    name: oneof(outsideHost.filter((name) => !name.startsWith('*'))),
    port,
  }),
);
const path = pick(
  { type: 'ReplaceFullPath', replaceFullPath: '/new' },
  { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' },
  { type: 'ReplacePrefixMatch', replacePrefixMatch: '/p%q' },
);
const modifier = {
  requestHeaderModifier: record({ type: constant('RequestHeaderModifier'), requestHeaderModifier: headerChange }),
  responseHeaderModifier: record({ type: constant('ResponseHeaderModifier'), responseHeaderModifier: headerChange }),
};
const mirror = record({
  type: constant('RequestMirror'),
  requestMirror: oneof(
    record({ backendRef: backend }),
    record({ backendRef: backend, percent: pick(0, 50, 100) }),
    record({ backendRef: backend, fraction: constant({ numerator: 1, denominator: 3 }) }),
  ),
});
const rewrite = record({ type: constant('URLRewrite'), urlRewrite: some({ hostname: pick('in.example.com'), path }) });
const cors = record({
  type: constant('CORS'),
  cors: some({
    allowOrigins: pick(['*'], ['https://one.example.com'], ['https://*.example.com', 'http://a:8080']),
    allowMethods: pick(['*'], ['GET', 'PUT']),
    allowHeaders: pick(['*'], ['x-one']),
    exposeHeaders: pick(['x-two']),
    allowCredentials: boolean(),
    maxAge: pick(1, 600),
  }),
});
const redirect = record({
  type: constant('RequestRedirect'),
  requestRedirect: some({
    scheme: pick('http', 'https'),
    hostname: pick('else.example.com'),
    path,
    port: pick(80, 443, 8443),
    statusCode: pick(301, 302, 303, 307, 308),
  }),
});
/** Each filter once at most. */
const someOf = (...filters) => tuple(...filters.map((one) => option(one))).map((all) => all.filter((one) => one !== null));
const filters = oneof(
  someOf(modifier.requestHeaderModifier, modifier.responseHeaderModifier, mirror, rewrite, cors),
  someOf(modifier.requestHeaderModifier, redirect),
);

const backendRefs = (refs = backend) =>
  list(
    tuple(refs, pick(undefined, 0, 1, 90)).map(([one, weight]) => ({ ...one, ...(weight !== undefined && { weight }) })),
    3,
    1,
  );
const prefix = pick('/', '/a', '/a/b/', '/x%20y', '/(x)');
const httpMatch = some({
  path: oneof(
    record({ type: pick('Exact', 'PathPrefix'), value: prefix }),
    record({ value: prefix }),
    record({ type: constant('RegularExpression'), value: regex }),
  ),
  headers: list(need(['name', 'value'], { ...header, type: pick('Exact', 'RegularExpression'), value: pick('v', '[a-z]+') }), 1),
  queryParams: list(need(['name', 'value'], { name: pick('q', 'r'), type: pick('Exact', 'RegularExpression'), value: pick('v', '[a-z]+') }), 1),
  method: pick('GET', 'CONNECT', 'PATCH'),
});
const sessionPersistence = oneof(
  some({ type: constant('Cookie'), cookie: record({ name: pick('s') }), absoluteTimeout: pick('1h') }),
  record({ type: constant('Header'), header: record({ name: pick('x-session') }) }),
);
/** What the API server would refuse is left out: prefixes are replaced where one was matched, redirects have no backends. */
const httpRule = some({
  name: pick('r1', 'r2'),
  matches: list(httpMatch, 2),
  filters,
  backendRefs: backendRefs().map((refs) => refs),
  timeouts: pick({ request: '10s', backendRequest: '2s' }, { request: '0s' }, { backendRequest: '100ms' }),
  retry: some({ attempts: pick(1, 3), backoff: pick('100ms'), codes: list(pick(500, 503, 429), 2) }),
  sessionPersistence,
}).map((rule) => {
  const redirects = (rule.filters ?? []).some((one) => one.type === 'RequestRedirect');
  const replaces = JSON.stringify(rule.filters ?? []).includes('ReplacePrefixMatch');
  const { backendRefs: refs, matches, ...rest } = rule;
  return {
    ...rest,
    ...(!redirects && refs && { backendRefs: refs }),
    ...(replaces ? { matches: [{ ...matches?.[0], path: { type: 'PathPrefix', value: '/a' } }] } : matches && { matches }),
  };
});
const ofGateway = need(['name', 'namespace'], {
  name: constant('public'),
  namespace: constant('app'),
  sectionName: pick('l0', 'l1'),
  port: pick(80, 443, 9000),
});
const parentRefs = oneof(
  list(ofGateway, 1, 1),
  list(ofGateway, 1, 1),
  list(record({ kind: constant('ListenerSet'), name: constant('more'), namespace: pick('app', 'other') }), 1, 1),
  list(need(['group', 'kind', 'name', 'namespace'], { group: constant(''), kind: constant('Service'), name: serviceName, namespace, port }), 1, 1),
  list(record({ group: constant('networking.istio.io'), kind: constant('ServiceEntry'), name: pick('e1', 'e2'), namespace }), 1, 1),
);
const ruleNames = (all) => all.map((one, n) => ({ ...one, ...(one.name && { name: `${one.name}-${n}` }) }));

const httpRoute = {
  apiVersion: standard,
  kind: constant('HTTPRoute'),
  spec: need(['parentRefs', 'rules'], { parentRefs, hostnames, rules: list(httpRule, 3, 1).map(ruleNames) }),
};
const grpcRule = some({
  matches: list(
    some({
      method: oneof(
        some({ type: constant('Exact'), service: pick('shop.Items'), method: pick('Get') }),
        record({ type: constant('RegularExpression'), service: pick('shop\\..*') }),
      ).filter((one) => one.service !== undefined || one.method !== undefined),
      headers: list(need(['name', 'value'], { ...header, type: pick('Exact', 'RegularExpression'), value: pick('v', 'a+') }), 1),
    }),
    2,
  ),
  filters: someOf(modifier.requestHeaderModifier, modifier.responseHeaderModifier, mirror),
  backendRefs: backendRefs(),
});
const grpcRoute = {
  apiVersion: standard,
  kind: constant('GRPCRoute'),
  spec: need(['parentRefs', 'rules'], { parentRefs, hostnames, rules: list(grpcRule, 2, 1) }),
};
const stream = record({ backendRefs: backendRefs() });
const tlsRoute = {
  apiVersion: standard,
  kind: constant('TLSRoute'),
  spec: record({ parentRefs, hostnames, rules: list(stream, 1, 1) }),
};
const tcpRoute = {
  apiVersion: constant('gateway.networking.k8s.io/v1alpha2'),
  kind: constant('TCPRoute'),
  spec: record({ parentRefs, rules: list(stream, 1, 1) }),
};
/** Routes of every kind. */
export const routes = [httpRoute, grpcRoute, tlsRoute, tcpRoute];

export const referenceGrant = {
  apiVersion: constant('gateway.networking.k8s.io/v1beta1'),
  kind: constant('ReferenceGrant'),
  spec: record({
    from: list(
      record({ group: constant('gateway.networking.k8s.io'), kind: pick('HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'Gateway'), namespace }),
      2,
      1,
    ),
    to: list(record({ group: constant(''), kind: pick('Service', 'Secret') }), 1, 1),
  }),
};
const targetRefs = list(need(['group', 'kind', 'name'], { group: constant(''), kind: constant('Service'), name: serviceName }), 1, 1);
export const backendTlsPolicy = {
  apiVersion: standard,
  kind: constant('BackendTLSPolicy'),
  spec: record({
    targetRefs,
    validation: tuple(
      oneof(record({ wellKnownCACertificates: constant('System') }), record(ca)),
      option(pick([{ type: 'URI', uri: 'spiffe://x/y' }], [{ type: 'Hostname', hostname: '*.example.com' }])),
    ).map(([trust, names]) => ({ hostname: 'up.example.com', ...trust, ...(names && { subjectAltNames: names }) })),
  }),
};
export const backendTrafficPolicy = {
  apiVersion: constant('gateway.networking.x-k8s.io/v1alpha1'),
  kind: constant('XBackendTrafficPolicy'),
  spec: record({
    targetRefs,
    retryConstraint: constant({ budget: { percent: 30 }, minRetryRate: { count: 5, interval: '1s' } }),
    sessionPersistence,
  }),
};
