/** Features of HTTPRoute and GRPCRoute: a case each, which shows the field that it comes to. */
import { type FeatureCase, type FeatureCases, gatewayYaml, HTTP, OK, routeYaml, service, TO_WEB } from './shown.js';

const GATEWAY = gatewayYaml(HTTP);
const of = (rule: string, http: object, kind = 'HTTPRoute'): FeatureCase => ({
  yaml: GATEWAY + routeYaml(`{ ${rule} }`, { kind }),
  status: { [`${kind} shop/web`]: [`public: ${OK}`] },
  serves: { http: [http] },
});
const filter = (type: string, field: string, value: string, http: object, backends = TO_WEB): FeatureCase =>
  of(`filters: [{ type: ${type}, ${field}: ${value} }]${backends === '' ? '' : `, ${backends}`}`, http);
const redirect = (value: string, fields: object): FeatureCase => filter('RequestRedirect', 'requestRedirect', value, { redirect: fields }, '');
const backend = (type: string, value: string): string => `backendRefs: [{ name: web, port: 80, filters: [{ type: ${type}, ${value} }] }]`;
const refused = (rule: string): FeatureCase => ({
  yaml: GATEWAY + routeYaml(`{ ${rule} }`),
  status: { 'HTTPRoute shop/web': ['public: Accepted=False/UnsupportedValue ResolvedRefs=False/InvalidFilter'] },
});
const WEB = { destination: { host: 'web.shop.svc.cluster.local', port: { number: 80 } } };
const speaking = (appProtocol: string): FeatureCase => ({
  yaml:
    GATEWAY +
    service('talks', [80]).replace('port: 80 }', `port: 80, appProtocol: ${appProtocol} }`) +
    routeYaml('{ backendRefs: [{ name: talks, port: 80 }] }'),
  status: { 'HTTPRoute shop/web': [`public: ${OK}`] },
  serves: { http: [{ route: [{ destination: { host: 'talks.shop.svc.cluster.local' } }] }] },
});
const port = (ref: string): string =>
  GATEWAY.replace(HTTP, `${HTTP}, { name: other, port: 8080, protocol: HTTP }`) + routeYaml(`{ ${TO_WEB} }`, { parent: ref });

export const HTTP_CASES: FeatureCases = {
  HTTPRoute: {
    yaml: `${gatewayYaml('{ name: http, port: 80, protocol: HTTP, hostname: "*.example", allowedRoutes: { namespaces: { from: Same } } }')}
${routeYaml(`{ ${TO_WEB} }`, { more: 'hostnames: [a.example], ' })}
${routeYaml(`{ ${TO_WEB} }`, { more: 'hostnames: [a.test], ' }).replace('name: web,', 'name: host,')}
${routeYaml(`{ ${TO_WEB} }`, { namespace: 'bank', parent: '{ name: public, namespace: shop }' })}
${routeYaml(`{ ${TO_WEB} }`, { parent: '{ name: public, sectionName: nope }' }).replace('name: web,', 'name: section,')}
${routeYaml(`{ ${TO_WEB} }`, { parent: '{ name: nobody }' }).replace('name: web,', 'name: orphan,')}
${routeYaml('{ backendRefs: [{ name: nowhere, port: 80 }] }').replace('name: web,', 'name: lost,')}
${routeYaml('{ backendRefs: [{ group: example.com, kind: Thing, name: x }] }').replace('name: web,', 'name: kind,')}`,
    status: {
      'HTTPRoute shop/web': [`public: ${OK}`],
      'HTTPRoute shop/host': ['public: Accepted=False/NoMatchingListenerHostname ResolvedRefs=True/ResolvedRefs'],
      'HTTPRoute bank/web': ['public: Accepted=False/NotAllowedByListeners ResolvedRefs=True/ResolvedRefs'],
      'HTTPRoute shop/section': ['public/nope: Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs'],
      'HTTPRoute shop/orphan': [],
      'HTTPRoute shop/lost': ['public: Accepted=True/Accepted ResolvedRefs=False/BackendNotFound'],
      'HTTPRoute shop/kind': ['public: Accepted=True/Accepted ResolvedRefs=False/InvalidKind'],
    },
  },
  HTTPRoute303RedirectStatusCode: redirect('{ statusCode: 303 }', { redirectCode: 303 }),
  HTTPRoute307RedirectStatusCode: redirect('{ statusCode: 307 }', { redirectCode: 307 }),
  HTTPRoute308RedirectStatusCode: redirect('{ statusCode: 308 }', { redirectCode: 308 }),
  HTTPRoutePathRedirect: redirect('{ path: { type: ReplaceFullPath, replaceFullPath: /new } }', { uri: '/new' }),
  HTTPRoutePortRedirect: redirect('{ port: 8443 }', { port: 8443 }),
  HTTPRouteSchemeRedirect: redirect('{ scheme: https }', { scheme: 'https' }),
  HTTPRouteHostRewrite: filter('URLRewrite', 'urlRewrite', '{ hostname: in.example }', { rewrite: { authority: 'in.example' } }),
  HTTPRoutePathRewrite: filter('URLRewrite', 'urlRewrite', '{ path: { type: ReplacePrefixMatch, replacePrefixMatch: /v2 } }', {
    rewrite: { uri: '/v2' },
  }),
  HTTPRouteCORS: filter('CORS', 'cors', '{ allowOrigins: ["https://a.example"] }', {
    corsPolicy: { allowOrigins: [{ exact: 'https://a.example' }] },
  }),
  HTTPRouteRequestMirror: filter('RequestMirror', 'requestMirror', '{ backendRef: { name: web, port: 80 } }', { mirrors: [WEB] }),
  HTTPRouteRequestPercentageMirror: filter('RequestMirror', 'requestMirror', '{ percent: 20, backendRef: { name: web, port: 80 } }', {
    mirrors: [{ ...WEB, percentage: { value: 20 } }],
  }),
  HTTPRouteRequestMultipleMirrors: of(
    `filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: web, port: 80 } } }, { type: RequestMirror, requestMirror: { backendRef: { name: web, port: 80 } } }], ${TO_WEB}`,
    { mirrors: [WEB, WEB] },
  ),
  HTTPRouteResponseHeaderModification: filter('ResponseHeaderModifier', 'responseHeaderModifier', '{ set: [{ name: x-a, value: b }] }', {
    headers: { response: { set: { 'x-a': 'b' } } },
  }),
  HTTPRouteBackendRequestHeaderModification: of(backend('RequestHeaderModifier', 'requestHeaderModifier: { set: [{ name: x-a, value: b }] }'), {
    route: [{ headers: { request: { set: { 'x-a': 'b' } } } }],
  }),
  HTTPRouteBackendURLRewrite: refused(backend('URLRewrite', 'urlRewrite: { hostname: in.example }')),
  HTTPRouteBackendRequestRedirect: refused(backend('RequestRedirect', 'requestRedirect: { port: 81 }')),
  HTTPRouteMethodMatching: of(`matches: [{ method: POST }], ${TO_WEB}`, { match: [{ method: { exact: 'POST' } }] }),
  HTTPRouteQueryParamMatching: of(`matches: [{ queryParams: [{ name: a, value: b }] }], ${TO_WEB}`, {
    match: [{ queryParams: { a: { exact: 'b' } } }],
  }),
  HTTPRouteNamedRouteRule: of(`name: mine, ${TO_WEB}`, { name: 'mine' }),
  HTTPRouteRequestTimeout: of(`timeouts: { request: 3s }, ${TO_WEB}`, { timeout: '3s' }),
  HTTPRouteBackendTimeout: of(`timeouts: { backendRequest: 2s }, ${TO_WEB}`, { timeout: '2s' }),
  HTTPRouteRetry: of(`retry: { attempts: 3, codes: [503], backoff: 100ms }, ${TO_WEB}`, { retries: { attempts: 3, backoff: '100ms' } }),
  HTTPRouteRetryBackendTimeout: of(`retry: { attempts: 3, codes: [504] }, timeouts: { request: 3s, backendRequest: 1s }, ${TO_WEB}`, {
    timeout: '3s',
    retries: { perTryTimeout: '1s', retryOn: 'connect-failure,refused-stream,unavailable,cancelled,504' },
  }),
  HTTPRouteRetryConnectionError: of(`retry: { attempts: 1 }, ${TO_WEB}`, {
    retries: { retryOn: 'connect-failure,refused-stream,unavailable,cancelled' },
  }),
  HTTPRouteBackendProtocolH2C: speaking('kubernetes.io/h2c'),
  HTTPRouteBackendProtocolWebSocket: speaking('kubernetes.io/ws'),
  HTTPRouteParentRefPort: {
    yaml: port('{ name: public, port: 80 }'),
    status: { 'HTTPRoute shop/web': [`public: ${OK}`] },
    serves: { http: [{ route: [WEB] }] },
  },
  HTTPRouteDestinationPortMatching: {
    yaml: port('{ name: public, port: 81 }'),
    status: { 'HTTPRoute shop/web': ['public: Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs'] },
  },
  GRPCRoute: of(
    `matches: [{ method: { service: shop.Cart, method: Add } }], ${TO_WEB}`,
    { match: [{ uri: { exact: '/shop.Cart/Add' } }], route: [WEB] },
    'GRPCRoute',
  ),
  GRPCRouteNamedRouteRule: of(`name: mine, ${TO_WEB}`, { name: 'mine' }, 'GRPCRoute'),
  GRPCRouteRequestHeaderModifier: of(
    `filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { add: [{ name: x-a, value: b }] } }], ${TO_WEB}`,
    { headers: { request: { add: { 'x-a': 'b' } } } },
    'GRPCRoute',
  ),
};
