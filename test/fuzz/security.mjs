/** AuthorizationPolicies and RequestAuthentications. */
import { boolean, constant, labels, list, need, oneof, pick, record, some, tuple } from './values.mjs';

const words = (...all) => list(pick(...all), 2, 1);
const names = words('*', 'a*', '*z', 'cluster.local/ns/app/sa/x', 'td.example/ns/*');
const blocks = words('10.0.0.0/8', '10.1.0.1', '2001:db8::/32');
const source = oneof(
  some({
    principals: names,
    notPrincipals: names,
    requestPrincipals: words('*', 'issuer/subject', 'issuer/*'),
    notRequestPrincipals: words('x/*'),
    namespaces: words('app', 'a*'),
    notNamespaces: words('other'),
    ipBlocks: blocks,
    notIpBlocks: blocks,
    remoteIpBlocks: blocks,
    notRemoteIpBlocks: blocks,
  }),
  some({ serviceAccounts: words('app/x', 'y'), notServiceAccounts: words('z') }),
);
const operation = some({
  hosts: words('*', 'one.example.com', '*.example.com'),
  notHosts: words('x*'),
  ports: words('80', '8080'),
  notPorts: words('9000'),
  methods: words('GET', '*'),
  notMethods: words('PUT'),
  paths: words('/a*', '*/b', '/x', '/{*}/y', '/z/{**}'),
  notPaths: words('/c*'),
});
const when = need(['key'], {
  key: pick(
    'request.headers[x-one]',
    'source.ip',
    'remote.ip',
    'source.namespace',
    'source.principal',
    'request.auth.principal',
    'request.auth.audiences',
    'request.auth.presenter',
    'request.auth.claims[a]',
    'request.auth.claims[a][b]',
    'destination.ip',
    'destination.port',
    'connection.sni',
    'experimental.envoy.filters.network.x[y]',
  ),
}).chain(({ key }) => {
  const values = key.endsWith('.ip') ? blocks : key.endsWith('port') ? words('80', '8080') : words('v', 'v*', '*');
  return oneof(record({ key: constant(key), values }), record({ key: constant(key), notValues: values }));
});
const rule = some({
  from: list(record({ source }), 2, 1),
  to: list(record({ operation }), 2, 1),
  when: list(when, 2, 1),
});
const whom = oneof(
  record({}),
  record({ selector: record({ matchLabels: labels }) }),
  record({ targetRefs: constant([{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' }]) }),
);
const security = constant('security.istio.io/v1');
const joined = (...parts) => tuple(...parts).map((all) => Object.assign({}, ...all));

export const authorizationPolicy = {
  apiVersion: security,
  kind: constant('AuthorizationPolicy'),
  spec: joined(
    whom,
    oneof(
      need(['action'], { action: pick('ALLOW', 'DENY', 'AUDIT'), rules: list(rule, 2) }),
      record({
        action: constant('CUSTOM'),
        provider: record({ name: pick('envoyExtAuthzHttp', 'envoyExtAuthzGrpc', 'missing') }),
        rules: list(some({ to: list(record({ operation }), 2, 1) }), 2, 1),
      }),
    ),
  ),
};
const jwks = constant(
  '{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}',
);
const jwtRule = need(['issuer', 'jwks'], {
  issuer: pick('issuer', 'https://two.example.com'),
  jwks,
  audiences: words('a', 'b'),
  fromHeaders: list(need(['name'], { name: pick('x-jwt', 'authorization'), prefix: pick('Bearer ', 't ') }), 1, 1),
  fromParams: words('token'),
  fromCookies: words('jwt'),
  forwardOriginalToken: boolean(),
  outputPayloadToHeader: pick('x-payload'),
  outputClaimToHeaders: list(record({ header: pick('x-sub', 'x_grp'), claim: pick('sub', 'a.b') }), 2, 1),
  spaceDelimitedClaims: words('scope'),
  timeout: pick('3s'),
});
export const requestAuthentication = {
  apiVersion: security,
  kind: constant('RequestAuthentication'),
  spec: joined(whom, record({ jwtRules: list(jwtRule, 2, 1) })),
};
