/** Features of byte streams, policies and the mesh: a case each. */
import { type FeatureCase, type FeatureCases, GATEWAY_OK, gatewayYaml, LISTENER_OK, OK, routeYaml, TO_WEB } from './shown.js';

const WEB = { destination: { host: 'web.shop.svc.cluster.local', port: { number: 80 } } };
const terminate = (name: string, host: string): string =>
  `{ name: ${name}, port: 443, protocol: TLS, hostname: ${host}, tls: { mode: Terminate, certificateRefs: [{ name: www }] } }`;
const passthrough = (name: string, host: string): string =>
  `{ name: ${name}, port: 443, protocol: TLS, hostname: ${host}, tls: { mode: Passthrough } }`;
const tls = (listeners: string, at: string, serves: object): FeatureCase => ({
  yaml:
    gatewayYaml(listeners) +
    routeYaml(`{ ${TO_WEB} }`, { kind: 'TLSRoute', parent: `{ name: public, sectionName: ${at} }`, more: 'hostnames: [a.example], ' }),
  status: { 'TLSRoute shop/web': [`public/${at}: ${OK}`] },
  serves,
  at,
});
const mesh = (rule: string, http: object, { namespace = 'shop', port = '' } = {}): FeatureCase => ({
  yaml: routeYaml(`{ ${rule} }`, { namespace, parent: `{ group: "", kind: Service, name: web, namespace: shop${port} }` }),
  status: { [`HTTPRoute ${namespace}/web`]: [`web: ${OK}`] },
  serves: { hosts: ['web.shop.svc.cluster.local'], gateways: ['mesh'], http: [http] },
  at: 'mesh',
});
const meshRedirect = (value: string, redirect: object): FeatureCase =>
  mesh(`filters: [{ type: RequestRedirect, requestRedirect: ${value} }]`, { redirect });
const policy = (name: string, validation: string, target = 'web'): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: ${name}, namespace: shop }
spec: { targetRefs: [{ group: "", kind: Service, name: ${target} }], validation: { hostname: web.example, ${validation} } }
`;
const ROUTE_TO_WEB = gatewayYaml('{ name: http, port: 80, protocol: HTTP }') + routeYaml(`{ ${TO_WEB} }`);

export const OTHER_CASES: FeatureCases = {
  TLSRoute: tls(passthrough('tls', '"*.example"'), 'tls', { hosts: ['a.example'], tls: [{ match: [{ sniHosts: ['a.example'] }], route: [WEB] }] }),
  TLSRouteModeTerminate: tls(terminate('ends', 'a.example'), 'ends', { hosts: ['a.example'], tcp: [{ route: [WEB] }] }),
  TLSRouteModeMixed: {
    ...tls(`${passthrough('tls', 'a.example')}, ${terminate('ends', 'b.example')}`, 'tls', { tls: [{ route: [WEB] }] }),
    status: {
      'K8sGateway shop/public': [GATEWAY_OK, `tls: 1 of TLSRoute ${LISTENER_OK}`, `ends: 0 of TLSRoute,TCPRoute ${LISTENER_OK}`, 'at 192.0.2.1'],
      'TLSRoute shop/web': [`public/tls: ${OK}`],
    },
  },
  TCPRoute: {
    yaml:
      gatewayYaml('{ name: http, port: 80, protocol: HTTP }, { name: tcp, port: 8080, protocol: TCP }') +
      routeYaml(`{ ${TO_WEB} }`, { kind: 'TCPRoute' }),
    status: {
      'K8sGateway shop/public': [GATEWAY_OK, `http: 0 of HTTPRoute,GRPCRoute ${LISTENER_OK}`, `tcp: 1 of TCPRoute ${LISTENER_OK}`, 'at 192.0.2.1'],
      'TCPRoute shop/web': [`public: ${OK}`],
    },
    serves: { tcp: [{ route: [WEB] }] },
    at: 'tcp',
  },
  UDPRoute: {
    yaml: gatewayYaml('{ name: udp, port: 80, protocol: UDP }') + routeYaml(`{ ${TO_WEB} }`, { kind: 'UDPRoute' }),
    status: {
      'K8sGateway shop/public': [
        'Accepted=False/ListenersNotValid Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs',
        'udp: 0 of  Accepted=False/UnsupportedProtocol Conflicted=False/NoConflicts Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs',
        'at 192.0.2.1',
      ],
      'UDPRoute shop/web': undefined,
    },
  },
  BackendTLSPolicy: {
    yaml: `${ROUTE_TO_WEB}${policy('good', 'wellKnownCACertificates: System')}${policy('later', 'wellKnownCACertificates: System').replace('namespace: shop }', 'namespace: shop, creationTimestamp: "2026-05-01T00:00:00Z" }')}
${policy('lost', 'wellKnownCACertificates: System', 'nowhere')}${policy('ca', 'caCertificateRefs: [{ group: "", kind: ConfigMap, name: nowhere }]', 'public-istio')}
${policy('kind', 'caCertificateRefs: [{ group: example.com, kind: Thing, name: x }]', 'idle')}
---
apiVersion: v1
kind: Service
metadata: { name: idle, namespace: shop }
spec: { ports: [{ port: 80 }] }
`,
    status: {
      'BackendTLSPolicy shop/good': [`Service web: ${OK}`, `Gateway public: ${OK}`],
      'BackendTLSPolicy shop/later': [
        'Service web: Accepted=False/Conflicted ResolvedRefs=True/ResolvedRefs',
        'Gateway public: Accepted=False/Conflicted ResolvedRefs=True/ResolvedRefs',
      ],
      'BackendTLSPolicy shop/lost': ['Service nowhere: Accepted=False/TargetNotFound ResolvedRefs=True/ResolvedRefs'],
      'BackendTLSPolicy shop/ca': ['Service public-istio: Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidCACertificateRef'],
      'BackendTLSPolicy shop/kind': ['Service idle: Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidKind'],
    },
  },
  BackendTLSPolicySANValidation: {
    yaml: `${ROUTE_TO_WEB}${policy('names', 'wellKnownCACertificates: System, subjectAltNames: [{ type: URI, uri: "spiffe://a/b" }]')}`,
    status: { 'BackendTLSPolicy shop/names': [`Service web: ${OK}`, `Gateway public: ${OK}`] },
  },
  Mesh: {
    ...mesh(TO_WEB, { route: [WEB] }),
    status: {
      'HTTPRoute shop/web': [`web: ${OK}`],
      'HTTPRoute shop/lost': ['nowhere: Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs'],
    },
    yaml: `${mesh(TO_WEB, {}).yaml}${routeYaml(`{ ${TO_WEB} }`, { parent: '{ group: "", kind: Service, name: nowhere }' }).replace('name: web,', 'name: lost,')}`,
  },
  MeshClusterIPMatching: mesh(TO_WEB, { match: [{ port: 80 }], route: [WEB] }, { port: ', port: 80' }),
  MeshConsumerRoute: {
    // Another namespace's backend needs no grant here: its clients could call it all the same.
    ...mesh('backendRefs: [{ name: web, namespace: shop, port: 80 }]', { route: [WEB] }, { namespace: 'bank' }),
    serves: { exportTo: ['.'], http: [{ route: [WEB] }] },
  },
  MeshHTTPRouteBackendRequestHeaderModification: mesh(
    'backendRefs: [{ name: web, port: 80, filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [x-a] } }] }]',
    { route: [{ headers: { request: { remove: ['x-a'] } } }] },
  ),
  MeshHTTPRouteNamedRouteRule: mesh(`name: mine, ${TO_WEB}`, { name: 'mine' }),
  MeshHTTPRouteQueryParamMatching: mesh(`matches: [{ queryParams: [{ name: a, type: RegularExpression, value: b+ }] }], ${TO_WEB}`, {
    match: [{ queryParams: { a: { regex: 'b+' } } }],
  }),
  MeshHTTPRouteRedirectPath: meshRedirect('{ path: { type: ReplacePrefixMatch, replacePrefixMatch: /new } }', { prefixRewrite: '/new' }),
  MeshHTTPRouteRedirectPort: meshRedirect('{ port: 8080 }', { port: 8080 }),
  MeshHTTPRouteSchemeRedirect: meshRedirect('{ scheme: https }', { scheme: 'https' }),
  MeshHTTPRouteRewritePath: mesh(
    `filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /one } } }], ${TO_WEB}`,
    {
      rewrite: { uriRegexRewrite: { match: '/.*', rewrite: '/one' } },
    },
  ),
};
