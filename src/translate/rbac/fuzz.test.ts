/** Whatever got past validation must become something that Envoy can read: no exception, no empty matcher, no broken regex. */
import { Policy } from '@envoyproxy/xds-protos/envoy/config/rbac/v3/rbac.js';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { translateRule } from './rule.js';

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('*', '**', 'a*', '*a', '', '/', '[', ']', '[a]', '{*}', '10.0.0.0/8', '80', 'td/ns/a/sa/b', 'a/b', '\\', '(', '.*'),
);
const list = fc.array(text, { maxLength: 3 });
const lists = (...names: string[]) => fc.record(Object.fromEntries(names.flatMap((name) => [[name, list]])), { requiredKeys: [] });
const key = fc.oneof(
  fc.constantFrom(
    'source.ip',
    'remote.ip',
    'source.namespace',
    'source.principal',
    'source.trustDomain',
    'source.serviceAccount',
    'request.auth.principal',
    'request.auth.audiences',
    'request.auth.presenter',
    'destination.ip',
    'destination.port',
    'connection.sni',
  ),
  text.map((name) => `request.headers[${name}]`),
  text.map((name) => `request.auth.claims[${name}]`),
  text.map((name) => `experimental.envoy.filters.x[${name}]`),
  text,
);
const rule = fc.record(
  {
    from: fc.array(
      fc.record({
        source: lists(
          'principals',
          'notPrincipals',
          'requestPrincipals',
          'namespaces',
          'notNamespaces',
          'serviceAccounts',
          'trustDomains',
          'ipBlocks',
        ),
      }),
      { maxLength: 2 },
    ),
    to: fc.array(fc.record({ operation: lists('hosts', 'notHosts', 'methods', 'paths', 'notPaths', 'ports', 'notPorts') }), { maxLength: 2 }),
    when: fc.array(fc.record({ key, values: list, notValues: list }), { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

/** What Envoy's own checks refuse: regexes that RE2 cannot compile, and prefixes, suffixes, names and path parts that are empty. */
function refused(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(refused).find(Boolean);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  const at = value as Record<string, unknown>;
  if (typeof at['regex'] === 'string') RE2JS.compile(at['regex']);
  for (const name of ['prefix', 'suffix', 'key', 'filter', 'name']) if (at[name] === '') return `empty ${name}`;
  for (const name of ['rules', 'ids', 'valueMatchers']) if (Array.isArray(at[name]) && at[name].length === 0) return `empty ${name}`;
  return Object.values(at).map(refused).find(Boolean);
}

test('AZ-010 to AZ-026: any rule becomes a policy that Envoy can read, or none', () => {
  fc.assert(
    fc.property(rule, fc.boolean(), fc.boolean(), (any, isTcp, strict) => {
      const policy = translateRule(any, { isTcp, strict, namespace: 'shop', trustDomains: ['td', 'old'] });
      if (policy === undefined) return expect(strict).toBe(true);
      const read = Policy.decode(Policy.encode(Policy.fromPartial(policy)).finish());
      expect(read.permissions.length * read.principals.length).toBeGreaterThan(0);
      expect(refused(Policy.toJSON(read))).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
