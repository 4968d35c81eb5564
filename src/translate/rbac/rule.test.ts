import { describe, expect, test } from '@jest/globals';
import { type RuleContext, translateRule } from './rule.js';

const HTTP: RuleContext = { isTcp: false, strict: true, namespace: 'shop', trustDomains: ['cluster.local'] };
const ALLOW_TCP: RuleContext = { ...HTTP, isTcp: true };
const DENY_TCP: RuleContext = { ...ALLOW_TCP, strict: false };

const text = (rule: object, context: RuleContext): string => JSON.stringify(translateRule(rule, context)) ?? 'none';

const ANY_PERMISSION = { rule: { $case: 'andRules', value: { rules: [{ rule: { $case: 'any', value: true } }] } } };
const ANY_PRINCIPAL = { identifier: { $case: 'andIds', value: { ids: [{ identifier: { $case: 'any', value: true } }] } } };

describe('rules', () => {
  test('AZ-008: an empty rule matches everything', () => {
    expect(translateRule({}, HTTP)).toEqual({ permissions: [ANY_PERMISSION], principals: [ANY_PRINCIPAL] });
  });

  test('AZ-020: what is not wanted is one negated choice', () => {
    expect(translateRule({ to: [{ operation: { ports: ['80', '81'], notPorts: ['82'] } }] }, HTTP)?.permissions).toEqual([
      {
        rule: {
          $case: 'andRules',
          value: {
            rules: [
              { rule: { $case: 'orRules', value: { rules: [80, 81].map((value) => ({ rule: { $case: 'destinationPort', value } })) } } },
              {
                rule: {
                  $case: 'notRule',
                  value: { rule: { $case: 'orRules', value: { rules: [{ rule: { $case: 'destinationPort', value: 82 } }] } } },
                },
              },
            ],
          },
        },
      },
    ]);
  });

  test('every operation and every source carries the `when` conditions of its side', () => {
    const rule = {
      from: [{ source: { namespaces: ['a'] } }, { source: { namespaces: ['b'] } }],
      to: [{ operation: { methods: ['GET'] } }, { operation: { methods: ['PUT'] } }],
      when: [
        { key: 'source.ip', values: ['10.0.0.1'] },
        { key: 'destination.port', values: ['80'] },
      ],
    };
    const { permissions = [], principals = [] } = translateRule(rule, HTTP) ?? {};
    expect(permissions.map((at) => JSON.stringify(at).includes('destinationPort'))).toEqual([true, true]);
    expect(principals.map((at) => JSON.stringify(at).includes('directRemoteIp'))).toEqual([true, true]);
  });

  test.each([
    ['source.ip', '10.0.0.1', '"directRemoteIp"'],
    ['remote.ip', '10.0.0.1', '"remoteIp"'],
    ['source.namespace', 'a', '.*/ns/a/.*'],
    ['source.serviceAccount', 'a', '/ns/shop/'],
    ['source.principal', 'cluster.local/ns/a/sa/b', '"spiffe://cluster.local/ns/a/sa/b"'],
    ['source.trustDomain', 'td', '"spiffe://td/"'],
    ['request.headers[x-a]', 'v', '"name":"x-a"'],
    ['request.auth.principal', 'a/b', '"iss"'],
    ['request.auth.audiences', 'a', '"aud"'],
    ['request.auth.presenter', 'a', '"azp"'],
    ['request.auth.claims[a.b]', 'c', '"value":"a.b"'],
    ['request.auth.claims[a][b]', 'c', '"value":"b"'],
    ['destination.ip', '10.0.0.1', '"destinationIp"'],
    ['destination.port', '80', '"destinationPort"'],
    ['connection.sni', '*.a', '"requestedServerName"'],
    ['experimental.envoy.filters.http.x[k]', '[v]', '"listMatch"'],
    ['experimental.envoy.filters.http.x[k]', 'v', '"envoy.filters.http.x"'],
  ])('AZ-021 to AZ-025: when %s', (key, value, part) => {
    expect(text({ when: [{ key, values: [value] }] }, HTTP)).toContain(part);
    expect(text({ when: [{ key, notValues: [value] }] }, HTTP)).toMatch(/"notRule"|"notId"/);
  });

  test.each([
    ['{*}', '/a/{*}/c', '/a/*/c'],
    ['{**}', '/a/{**}', '/a/**'],
  ])('AZ-019: path template %s', (_, path, template) => {
    const config = translateRule({ to: [{ operation: { paths: [path] } }] }, HTTP);
    const found = JSON.stringify(config, (_key, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value));
    expect(found).toContain('"uriTemplate"');
    expect(JSON.stringify(config)).toContain(JSON.stringify([...Buffer.from(template)]).slice(1, -1));
  });

  const HTTP_ONLY = [
    { to: [{ operation: { methods: ['GET'], ports: ['80'] } }] },
    { to: [{ operation: { notPaths: ['/a'], ports: ['80'] } }] },
    { to: [{ operation: { hosts: ['a'], ports: ['80'] } }] },
    { from: [{ source: { requestPrincipals: ['*'] } }], to: [{ operation: { ports: ['80'] } }] },
    { when: [{ key: 'request.headers[a]', values: ['b'] }], to: [{ operation: { ports: ['80'] } }] },
    { when: [{ key: 'request.auth.claims[a]', notValues: ['b'] }], to: [{ operation: { ports: ['80'] } }] },
  ];
  test.each(HTTP_ONLY)('AZ-026: on TCP an ALLOW rule with HTTP conditions is dropped, a DENY rule keeps the rest (%#)', (rule) => {
    expect(translateRule(rule, ALLOW_TCP)).toBeUndefined();
    const denied = text(rule, DENY_TCP);
    expect(denied).toContain('"destinationPort","value":80');
    expect(denied).not.toMatch(/header|urlPath|metadata/);
  });

  test('AZ-026: a DENY rule of HTTP conditions alone denies every byte stream', () => {
    expect(translateRule({ to: [{ operation: { methods: ['GET'] } }] }, DENY_TCP)).toEqual({
      permissions: [ANY_PERMISSION],
      principals: [ANY_PRINCIPAL],
    });
  });

  test.each([
    'request.headers[a\nb]',
    'request.auth.claims[]',
    'request.auth.claims[a][]',
    'request.headers[]',
    'experimental.envoy.filters.x[]',
    'no.such.key',
  ])('a condition that nothing can stand for never widens what is allowed (%s)', (key) => {
    expect(translateRule({ when: [{ key, values: ['a'] }] }, HTTP)).toBeUndefined();
    expect(translateRule({ when: [{ key, values: ['a'] }] }, { ...HTTP, strict: false })).toEqual({
      permissions: [ANY_PERMISSION],
      principals: [ANY_PRINCIPAL],
    });
  });

  test.each(['{*}', 'a/{**}', `/${'a'.repeat(260)}/{*}`, '/ü/{*}'])(
    'AZ-019: a template that Envoy refuses never widens what is allowed (%s)',
    (path) => {
      expect(translateRule({ to: [{ operation: { paths: [path] } }] }, HTTP)).toBeUndefined();
    },
  );

  test('one bad value spoils an ALLOW rule and is passed over in a DENY rule', () => {
    const rule = { from: [{ source: { ipBlocks: ['10.0.0.1', 'nonsense'] } }] };
    expect(translateRule(rule, HTTP)).toBeUndefined();
    expect(text(rule, { ...HTTP, strict: false })).toContain('10.0.0.1');
  });
});
