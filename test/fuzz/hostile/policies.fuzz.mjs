/**
 * AuthorizationPolicies, RequestAuthentications and PeerAuthentications with texts that are meant to hurt: what passes validation becomes filters
 * that Envoy takes, no pattern of a user becomes a JavaScript expression, and an ALLOW policy never opens more than it says.
 */
import fc from 'fast-check';
import { parseResources } from '../../../dist/sources/load.js';
import { refusedByEnvoy, served } from './mesh.mjs';
import { text } from './texts.mjs';

const list = fc.array(text, { minLength: 1, maxLength: 3 });
const some = (...names) => fc.record(Object.fromEntries(names.map((name) => [name, list])), { requiredKeys: [] });
const source = some(
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'namespaces',
  'notNamespaces',
  'ipBlocks',
  'notIpBlocks',
  'remoteIpBlocks',
  'serviceAccounts',
  'trustDomains',
);
const operation = some('hosts', 'notHosts', 'ports', 'notPorts', 'methods', 'notMethods', 'paths', 'notPaths');
const key = fc.oneof(
  fc.constantFrom(
    'source.ip',
    'remote.ip',
    'source.namespace',
    'source.principal',
    'source.serviceAccount',
    'source.trustDomain',
    'request.auth.principal',
    'request.auth.audiences',
    'request.auth.presenter',
    'destination.ip',
    'destination.port',
    'connection.sni',
  ),
  text.map((name) => `request.headers[${name}]`),
  fc.array(text, { minLength: 1, maxLength: 3 }).map((names) => `request.auth.claims${names.map((name) => `[${name}]`).join('')}`),
  text.map((name) => `experimental.envoy.filters.network.x[${name}]`),
  text,
);
const condition = fc.record({ key, values: list, notValues: list }, { requiredKeys: ['key'] });
const rule = fc.record(
  {
    from: fc.array(fc.record({ source }), { minLength: 1, maxLength: 2 }),
    to: fc.array(fc.record({ operation }), { minLength: 1, maxLength: 2 }),
    when: fc.array(condition, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const jwtRule = fc.record(
  {
    issuer: text,
    audiences: list,
    jwks: fc.oneof(fc.constantFrom('{"keys":[]}', '{', '{"keys":[{"kty":"oct","k":"AAAA"}]}'), text),
    jwksUri: fc.oneof(
      text.map((path) => `https://issuer.example/${path}`),
      text,
    ),
    fromHeaders: fc.array(fc.record({ name: text, prefix: text }, { requiredKeys: ['name'] }), { maxLength: 2 }),
    fromParams: list,
    fromCookies: list,
    outputPayloadToHeader: text,
    outputClaimToHeaders: fc.array(fc.record({ header: text, claim: text }), { maxLength: 2 }),
    forwardOriginalToken: fc.boolean(),
    timeout: text,
    spaceDelimitedClaims: list,
  },
  { requiredKeys: ['issuer'] },
);
const selector = fc.option(fc.record({ matchLabels: fc.oneof(fc.constant({ app: 'web' }), fc.dictionary(text, text, { minKeys: 1, maxKeys: 2 })) }), {
  nil: undefined,
});
const policy = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('AuthorizationPolicy'),
      spec: fc.record(
        {
          action: fc.constantFrom('ALLOW', 'DENY', 'AUDIT', 'CUSTOM'),
          rules: fc.array(rule, { maxLength: 2 }),
          selector,
          provider: fc.record({ name: text }),
        },
        { requiredKeys: ['rules'] },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('RequestAuthentication'),
      spec: fc.record({ jwtRules: fc.array(jwtRule, { maxLength: 3 }), selector }, { requiredKeys: ['jwtRules'] }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('PeerAuthentication'),
      spec: fc.record(
        {
          mtls: fc.record({ mode: fc.oneof(fc.constantFrom('STRICT', 'PERMISSIVE'), text) }),
          selector,
          portLevelMtls: fc.dictionary(fc.oneof(fc.constantFrom('8080', '0', '-1', '65536'), text), fc.constant({ mode: 'STRICT' }), { maxKeys: 2 }),
        },
        { requiredKeys: [] },
      ),
    }),
  },
);

/** JSON: a list of policies. */
export const inputs = fc.array(policy, { minLength: 1, maxLength: 8 });

const isCatchAll = (one) => JSON.stringify(one) === '{"any":true}';

export function check(input) {
  const documents = input.map(({ kind, spec }, at) =>
    JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata: { name: `p${at}`, namespace: 'shop' }, spec }),
  );
  const { resources } = parseResources(documents.join('\n---\n'));
  for (const { listeners } of served(resources)) {
    const found = refusedByEnvoy(listeners);
    if (found !== undefined) throw new Error(`Envoy would refuse ${found}`);
    openRules(listeners, resources);
  }
}

/** A rule that was written with a condition must not have become one without. */
function openRules(value, resources) {
  if (typeof value !== 'object' || value === null) return;
  for (const child of Object.values(value)) openRules(child, resources);
  const { action = 'ALLOW', policies } = value.rules ?? {};
  if (action !== 'ALLOW' || policies === undefined) return;
  for (const [name, { permissions = [], principals = [] }] of Object.entries(policies)) {
    const [, policyName, index] = /policy\[(p\d+)\]-rule\[(\d+)\]/.exec(name) ?? [];
    const written = resources.find((one) => one.kind === 'AuthorizationPolicy' && one.metadata.name === policyName)?.spec.rules?.[Number(index)];
    if (written === undefined || Object.keys(written).length === 0) continue;
    const hasFields = [
      ...(written.from ?? []).map((one) => one.source),
      ...(written.to ?? []).map((one) => one.operation),
      ...(written.when ?? []),
    ].every((one) => Object.keys(one ?? {}).length > 0);
    if (hasFields && permissions.every((one) => isCatchAll(one)) && principals.every((one) => isCatchAll(one)))
      throw new Error(`${name} lets everything in`);
  }
}
