import { JwtAuthentication, type JwtProvider } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/jwt_authn/v3/config.js';
import { describe, expect, test } from '@jest/globals';
import type { RequestAuthentication } from '../../api/istio.js';
import { type JwtRule, jwtFilter } from './filter.js';
import { UNUSABLE_KEYS } from './unusable-keys.js';

const KEY = { kty: 'OKP', crv: 'Ed25519', x: 'tellx-dtwMnnKBvIzkv6QZTHmuT6vMuI40sePPN4WrE' };

const policy = (...jwtRules: JwtRule[]): RequestAuthentication => ({
  kind: 'RequestAuthentication',
  apiVersion: 'security.istio.io/v1',
  metadata: { name: 'jwt', namespace: 'shop', labels: {}, annotations: {} },
  spec: { jwtRules },
  createdAt: 0,
});
const build = (policies: RequestAuthentication[], fetched: Record<string, string> = {}, clearRouteCache = false): JwtAuthentication => {
  const filter = jwtFilter(policies, { fetchedKeys: (source) => fetched[source], clearRouteCache });
  return JwtAuthentication.decode(filter?.configType.value.value ?? new Uint8Array());
};
const provider = (rule: JwtRule, fetched?: Record<string, string>): JwtProvider => build([policy(rule)], fetched).providers['origins-0']!;
const keys = ({ jwksSourceSpecifier: source }: JwtProvider): unknown => (source?.$case === 'localJwks' ? source.value.specifier?.value : undefined);

describe('RequestAuthentication', () => {
  test('without rules there is no filter', () => {
    expect(jwtFilter([policy()], { fetchedKeys: () => undefined, clearRouteCache: false })).toBeUndefined();
  });

  test('RA-011: one issuer: its token or none', () => {
    const { rules } = build([policy({ issuer: 'a', jwks: '{}' })]);
    expect(JSON.stringify(JwtAuthentication.toJSON(JwtAuthentication.fromPartial({ rules })))).toContain(
      '"requires":{"requiresAny":{"requirements":[{"providerName":"origins-0"},{"allowMissing":{}}]}}',
    );
  });

  test('RA-011: several issuers: any of them, or none of them bad', () => {
    const json = JSON.stringify(JwtAuthentication.toJSON(build([policy({ issuer: 'a', jwks: '{}' }, { issuer: 'b', jwks: '{}' })])));
    expect(json).toContain('[{"providerName":"origins-0"},{"providerName":"origins-1"},{"requiresAll":');
    expect(json.match(/allowMissing/g)).toHaveLength(2);
  });

  test('RA-001: rules of all policies are in order of their issuers', () => {
    const { providers } = build([policy({ issuer: 'b', jwks: '{}' }), policy({ issuer: 'c', jwks: '{}' }, { issuer: 'a', jwks: '{}' })]);
    expect(Object.values(providers).map(({ issuer }) => issuer)).toEqual(['a', 'b', 'c']);
  });

  test('RA-004: keys that could not be had refuse every token', () => {
    expect(keys(provider({ issuer: 'a', jwksUri: 'https://a/keys' }))).toBe(UNUSABLE_KEYS);
    expect(keys(provider({ issuer: 'a' }))).toBe(UNUSABLE_KEYS);
    expect(keys(provider({} as JwtRule))).toBe(UNUSABLE_KEYS);
    expect(JSON.parse(UNUSABLE_KEYS)).toMatchObject({ keys: [{ kty: 'RSA', e: 'AQAB' }] });
  });

  test('RA-003 to RA-005: keys from the rule, from a URL, from the issuer', () => {
    const [inline, byUrl, byIssuer] = ['inline', 'by URL', 'by issuer'].map((kid) => JSON.stringify({ keys: [{ ...KEY, kid }] })) as [
      string,
      string,
      string,
    ];
    const fetched = { 'keys https://a/keys': byUrl, 'issuer https://a': byIssuer };
    expect(keys(provider({ issuer: 'https://a', jwks: inline, jwksUri: 'https://a/keys' }, fetched))).toBe(inline);
    expect(keys(provider({ issuer: 'https://a', jwksUri: 'https://a/keys' }, fetched))).toBe(byUrl);
    expect(keys(provider({ issuer: 'https://a' }, fetched))).toBe(byIssuer);
  });

  test('RA-003: a key set without any key that Envoy knows would cost the listener; it refuses every token instead', () => {
    for (const jwks of ['{"keys":[]}', '{}', 'null', '[]', 'nonsense', '{"keys":[{"kty":"RSA","n":"x","e":"AQAB"}]}'])
      expect(keys(provider({ issuer: 'a', jwks }))).toBe(UNUSABLE_KEYS);
    const mixed = JSON.stringify({ keys: [{ kty: 'RSA' }, KEY] });
    expect(keys(provider({ issuer: 'a', jwks: mixed }))).toBe(mixed);
    expect(keys(provider({ issuer: 'a', jwks: JSON.stringify(KEY) }))).toBe(JSON.stringify({ keys: [KEY] }));
  });

  test('RA-007 to RA-009: where tokens come from and where claims go', () => {
    expect(
      provider({
        issuer: 'a',
        jwks: '{}',
        audiences: ['x'],
        fromHeaders: [{ name: 'h', prefix: 'p ' }, { name: 'i' }],
        fromParams: ['q'],
        fromCookies: ['c'],
        forwardOriginalToken: true,
        outputPayloadToHeader: 'out',
        outputClaimToHeaders: [{ header: 'to', claim: 'a.b' }],
      }),
    ).toMatchObject({
      audiences: ['x'],
      fromHeaders: [
        { name: 'h', valuePrefix: 'p ' },
        { name: 'i', valuePrefix: '' },
      ],
      fromParams: ['q'],
      fromCookies: ['c'],
      forward: true,
      forwardPayloadHeader: 'out',
      claimToHeaders: [{ headerName: 'to', claimName: 'a.b' }],
    });
  });

  test('RA-012: gateways choose the route again once the claims are known', () => {
    expect(build([policy({ issuer: 'a', jwks: '{}' })], {}, true).providers['origins-0']?.clearRouteCache).toBe(true);
  });

  test('RA-013, RA-014: preflights pass; claims of words with spaces are lists', () => {
    const config = build([policy({ issuer: 'a', jwks: '{}', spaceDelimitedClaims: ['roles', 'scope'] } as JwtRule)]);
    expect(config.bypassCorsPreflight).toBe(true);
    expect(config.providers['origins-0']?.normalizePayloadInMetadata?.spaceDelimitedClaims).toEqual(['permission', 'roles', 'scope']);
  });
});
