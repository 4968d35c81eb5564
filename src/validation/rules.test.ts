/** The rules of validation, one line each: what is refused, what is told, what is fine. Messages are ours; fields are where the user looks. */
import { describe, expect, test } from '@jest/globals';
import { formatProblem } from '../api/problem.js';
import { parseResources } from '../sources/load.js';

type Verdict = 'refused' | 'warned' | 'fine';

/** The verdict on a spec, and the fields that it is about. */
function judged(apiVersion: string, kind: string, spec: object): { verdict: Verdict; fields: string[] } {
  const { problems } = parseResources(JSON.stringify({ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' }, spec }));
  const refused = problems.some(({ severity }) => severity === 'error');
  return { verdict: refused ? 'refused' : problems.length > 0 ? 'warned' : 'fine', fields: problems.map(({ field = '' }) => field) };
}

/** [what, spec, verdict, the field that is named] */
type Line = readonly [string, object, Verdict, string?];

function table(row: string, apiVersion: string, kind: string, lines: readonly Line[]): void {
  describe(`${row} ${kind}`, () => {
    test.each(lines.map((line) => [line[0], line] as const))('%s', (_, [, spec, verdict, field]) => {
      const found = judged(apiVersion, kind, spec);
      expect(found.verdict).toBe(verdict);
      if (field !== undefined) expect(found.fields.some((one) => one.startsWith(field))).toBe(true);
    });
  });
}

const NETWORKING = 'networking.istio.io/v1';
const SECURITY = 'security.istio.io/v1';
const http = [{ number: 80, name: 'http', protocol: 'HTTP' }];
const tcp = [{ number: 3306, name: 'tcp', protocol: 'TCP' }];

const entry = (more: object): object => ({ hosts: ['a.example'], ports: http, resolution: 'DNS', ...more });
table('VA-008:', NETWORKING, 'ServiceEntry', [
  ['a name that is resolved', entry({}), 'fine'],
  ['a block of addresses with DNS', entry({ addresses: ['10.0.0.0/8'] }), 'refused', 'spec'],
  ['a block of addresses with STATIC', entry({ addresses: ['10.0.0.0/8'], resolution: 'STATIC', endpoints: [{ address: '10.0.0.1' }] }), 'fine'],
  ['endpoints without resolution', entry({ resolution: 'NONE', endpoints: [{ address: '10.0.0.1' }] }), 'refused', 'spec'],
  ['a wildcard that the proxy resolves', entry({ hosts: ['*.example'], resolution: 'DYNAMIC_DNS' }), 'fine'],
  ['a plain name that the proxy is to resolve', entry({ resolution: 'DYNAMIC_DNS' }), 'refused', 'spec'],
  ['TCP without an address catches all of the port', { hosts: ['db.example'], ports: tcp, resolution: 'NONE' }, 'warned', 'spec'],
  [
    'a port of an endpoint that the entry has not',
    entry({ endpoints: [{ address: 'b.example', ports: { other: 81 } }] }),
    'refused',
    'spec.endpoints[0]',
  ],
  ['an endpoint that is neither name nor address', entry({ endpoints: [{ address: 'b_example/' }] }), 'refused', 'spec.endpoints[0]'],
  ['the same port twice', entry({ ports: [...http, { ...http[0]!, name: 'again' }] }), 'refused', 'spec.ports'],
]);

const server = (more: object): object => ({ selector: { app: 'edge' }, servers: [{ port: http[0], hosts: ['*'], ...more }] });
const https = { number: 443, name: 'https', protocol: 'HTTPS' };
table('VA-009:', NETWORKING, 'Gateway', [
  ['one server', server({}), 'fine'],
  ['no server', { selector: { app: 'edge' } }, 'refused', 'spec'],
  [
    'one name for two ports',
    {
      selector: { app: 'edge' },
      servers: [
        { port: http[0], hosts: ['*'] },
        { port: { ...http[0], number: 81 }, hosts: ['*'] },
      ],
    },
    'refused',
    'spec.servers',
  ],
  [
    'httpsRedirect of a port that is HTTPS',
    server({ port: https, tls: { httpsRedirect: true, mode: 'SIMPLE', credentialName: 'c' } }),
    'warned',
    'spec.servers[0]',
  ],
  ['TLS without a certificate', server({ port: https, tls: { mode: 'SIMPLE' } }), 'refused', 'spec.servers[0].tls'],
  ['TLS with a credential', server({ port: https, tls: { mode: 'SIMPLE', credentialName: 'c' } }), 'fine'],
  ['a host with a wildcard in the middle', server({ hosts: ['a.*.example'] }), 'refused', 'spec.servers[0].hosts'],
  ['a host of a namespace', server({ hosts: ['shop/a.example'] }), 'fine'],
]);

const rule = (trafficPolicy: object, more: object = {}): object => ({ host: 'a', trafficPolicy, ...more });
const locality = (to: object, from = 'r1/*'): object => ({
  loadBalancer: { localityLbSetting: { distribute: [{ from, to }] } },
  outlierDetection: {},
});
table('VA-010:', NETWORKING, 'DestinationRule', [
  ['a simple load balancer', rule({ loadBalancer: { simple: 'RANDOM' } }), 'fine'],
  [
    'one name for two subsets',
    {
      host: 'a',
      subsets: [
        { name: 'v1', labels: { v: '1' } },
        { name: 'v1', labels: { v: '2' } },
      ],
    },
    'refused',
    'spec.subsets',
  ],
  ['a hash of nothing, which the reference lets in', rule({ loadBalancer: { consistentHash: {} } }), 'fine'],
  ['a share over 100 %', rule({ outlierDetection: { maxEjectionPercent: 101 } }), 'refused', 'spec.trafficPolicy.outlierDetection'],
  ['mutual TLS without a certificate', rule({ tls: { mode: 'MUTUAL' } }), 'refused', 'spec.trafficPolicy.tls'],
  [
    'a policy of no port',
    rule({ portLevelSettings: [{ loadBalancer: { simple: 'RANDOM' } }] }),
    'refused',
    'spec.trafficPolicy.portLevelSettings[0]',
  ],
  ['shares of localities that are 100', rule(locality({ 'r1/*': 60, 'r2/*': 40 })), 'fine'],
  ['shares of localities that are 90', rule(locality({ 'r1/*': 50, 'r2/*': 40 })), 'refused', 'spec.trafficPolicy.loadBalancer'],
  ['one locality within another', rule(locality({ 'r1/*': 50, 'r1/z1/*': 50 })), 'refused', 'spec.trafficPolicy.loadBalancer'],
]);

const egress = (...hosts: string[]): object => ({ egress: [{ hosts }] });
const ingress = (more: object): object => ({
  workloadSelector: { labels: { app: 'a' } },
  ingress: [{ port: { number: 9080, name: 'in', protocol: 'HTTP' }, defaultEndpoint: '127.0.0.1:8080', ...more }],
});
table('VA-011:', NETWORKING, 'Sidecar', [
  ['hosts of namespaces', egress('./*', 'istio-system/*'), 'fine'],
  ['a host without its namespace', egress('a.example'), 'refused', 'spec.egress[0].hosts'],
  ['everything, and something beside it', egress('*/*', 'shop/a'), 'refused', 'spec.egress'],
  ['a host twice', egress('shop/a.example', 'shop/a.example'), 'warned', 'spec.egress'],
  ['two listeners without a port', { egress: [{ hosts: ['./*'] }, { hosts: ['other/*'] }] }, 'refused', 'spec.egress'],
  ['an endpoint on this machine', ingress({}), 'fine'],
  ['an endpoint elsewhere', ingress({ defaultEndpoint: '10.0.0.1:8080' }), 'refused', 'spec.ingress[0].defaultEndpoint'],
  ['a Unix socket', ingress({ defaultEndpoint: 'unix:///run/app' }), 'fine'],
  [
    'a credential for inbound TLS',
    ingress({ port: { number: 9080, name: 'in', protocol: 'HTTPS' }, tls: { mode: 'SIMPLE', credentialName: 'c' } }),
    'refused',
    'spec.ingress[0].tls',
  ],
]);

const jwt = [{ from: [{ source: { requestPrincipals: ['*'] } }] }];
table('VA-012:', SECURITY, 'AuthorizationPolicy', [
  ['CUSTOM with a provider', { action: 'CUSTOM', provider: { name: 'p' }, rules: [{}] }, 'fine'],
  ['CUSTOM without a provider', { action: 'CUSTOM', rules: [{}] }, 'refused', 'spec'],
  ['CUSTOM that looks at tokens', { action: 'CUSTOM', provider: { name: 'p' }, rules: jwt }, 'refused', 'spec.rules[0]'],
  ['a provider without CUSTOM', { provider: { name: 'p' }, rules: [{}] }, 'refused', 'spec'],
  ['DENY that looks at tokens', { action: 'DENY', rules: jwt }, 'warned'],
]);
table('VA-012:', SECURITY, 'PeerAuthentication', [
  ['ports of a workload', { selector: { matchLabels: { app: 'a' } }, portLevelMtls: { 8080: { mode: 'DISABLE' } } }, 'fine'],
  ['ports of everybody', { portLevelMtls: { 8080: { mode: 'DISABLE' } } }, 'refused', 'spec'],
  [
    'a port that is none',
    { selector: { matchLabels: { app: 'a' } }, portLevelMtls: { 70000: { mode: 'DISABLE' } } },
    'refused',
    'spec.portLevelMtls',
  ],
]);
table('VA-012:', SECURITY, 'RequestAuthentication', [
  ['an issuer with its keys', { jwtRules: [{ issuer: 'i', jwksUri: 'https://i.example/keys' }] }, 'fine'],
  ['keys from two places', { jwtRules: [{ issuer: 'i', jwksUri: 'https://i.example/keys', jwks: '{}' }] }, 'refused', 'spec.jwtRules[0]'],
  ['no issuer', { jwtRules: [{ issuer: '' }] }, 'refused', 'spec.jwtRules[0]'],
]);

const filtered = (expression: string): object => ({ accessLogging: [{ filter: { expression } }] });
table('TE-012:', 'telemetry.istio.io/v1', 'Telemetry', [
  ['a filter over what nobody knows', filtered('moon.phase == 1'), 'fine'],
  ['a filter that is no expression', filtered('response.code >== 400'), 'refused', 'spec.accessLogging[0].filter.expression'],
  ['a filter without an expression', { accessLogging: [{ filter: {} }] }, 'refused', 'spec.accessLogging[0].filter'],
  ['a filter that Envoy does not evaluate', filtered('[1].exists(x, x == 1)'), 'warned', 'spec.accessLogging[0].filter.expression'],
]);
test('TE-012: the message has the place in the file and the place in the expression', () => {
  const text = `apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: errors, namespace: shop }
spec:
  accessLogging:
    - filter:
        expression: response.code => 400
`;
  const [problem] = parseResources(text, 'logs.yaml').problems;
  expect(problem && formatProblem(problem)).toContain('logs.yaml:7:9: error: Telemetry shop/errors');
  expect(problem?.message).toBe('is no CEL expression: not understood from line 1, column 15 ("=> 400")');
});

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const httpRule = (more: object): object => ({ rules: [{ backendRefs: [{ name: 'web', port: 80 }], ...more }] });
const header = (value: string): object =>
  httpRule({ filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x', value }] } }] });
table('GA-012, as releases of its CRDs from 1.0 to 1.6 have it:', GATEWAY_API, 'HTTPRoute', [
  ['two spaces in the value of a header', header("default-src 'self';  img-src *"), 'fine'],
  ['letters beyond ASCII in the value of a header', header('größer'), 'fine'],
  ['a line break in the value of a header', header('a\nb'), 'refused', 'spec.rules[0]'],
  ['no retries', httpRule({ retry: { attempts: 0 } }), 'fine'],
  ['no rules', { rules: [] }, 'fine'],
  [
    'sessions with the fields of 1.1 to 1.6',
    httpRule({ sessionPersistence: { sessionName: 's', cookieConfig: { lifetimeType: 'Session' } } }),
    'fine',
  ],
  ['sessions with the fields that come after 1.6', httpRule({ sessionPersistence: { cookie: { name: 's' } } }), 'fine'],
]);
table('GA-016, v1alpha2:', 'gateway.networking.k8s.io/v1alpha2', 'TLSRoute', [
  ['no names, two rules', { rules: [{ backendRefs: [{ name: 'web', port: 80 }] }, { backendRefs: [{ name: 'web', port: 81 }] }] }, 'fine'],
]);
