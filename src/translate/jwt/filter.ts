/**
 * RequestAuthentication as Envoy's jwt_authn filter (RA-001 to RA-014): a request may come without a token, but not with a bad one.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter
 */
import {
  JwtAuthentication,
  type JwtProvider,
  type JwtRequirement,
  RemoteJwks,
} from '@envoyproxy/xds-protos/envoy/extensions/filters/http/jwt_authn/v3/config.js';
import type { RequestAuthentication, RequestAuthenticationSpec } from '../../api/istio.js';
import { isVerificationKey, keysOfSet } from '../../api/json-web-key.js';
import { keysSource } from '../../api/jwks.js';
import { compareTexts } from '../../api/text-order.js';
import { duration, type Partial, toAny } from '../proto.js';
import { JWT_FILTER, JWT_PAYLOAD } from '../rbac/claims.js';
import type { NamedFilter } from '../rbac/filters.js';
import { UNUSABLE_KEYS } from './unusable-keys.js';

export type JwtRule = NonNullable<RequestAuthenticationSpec['jwtRules']>[number];
type Requirement = Partial<JwtRequirement>;

export interface JwtContext {
  /** Keys that were fetched, by their source; undefined when there are none (yet). */
  readonly fetchedKeys: (source: string) => string | undefined;
  /** The cluster through which the proxy itself fetches a key set, by its URL; undefined for what is fetched for it (RA-006). */
  readonly remoteKeys?: (jwksUri: string) => string | undefined;
  /** Routes may ask for claims: they are looked up again once the claims are known. Only gateways route by claims. */
  readonly clearRouteCache: boolean;
}

/** Claims that hold lists as words with spaces between them. */
const SPACED_CLAIMS = ['permission', 'scope'];

const DEFAULT_TIMEOUT = '5s';
const CACHED_FOR = '300s';

/** undefined without any rule. Rules of all policies count together, in order of their issuers. */
export function jwtFilter(policies: readonly RequestAuthentication[], context: JwtContext): NamedFilter | undefined {
  const rules = policies.flatMap(({ spec }) => spec.jwtRules ?? []).sort((a, b) => compareTexts(a.issuer ?? '', b.issuer ?? ''));
  if (rules.length === 0) return undefined;
  const names = rules.map((_, index) => `origins-${index}`);
  const config = toAny(JwtAuthentication, {
    providers: Object.fromEntries(rules.map((rule, index) => [names[index], provider(rule, context)])),
    rules: [{ match: { pathSpecifier: { $case: 'prefix', value: '/' } }, requirementType: { $case: 'requires', value: requirement(names) } }],
    // Browsers send no token with a preflight.
    bypassCorsPreflight: true,
  });
  return { name: JWT_FILTER, configType: { $case: 'typedConfig', value: config } };
}

function provider(rule: JwtRule, context: JwtContext): Partial<JwtProvider> {
  const { spaceDelimitedClaims = [] } = rule as { spaceDelimitedClaims?: readonly string[] };
  return {
    issuer: rule.issuer ?? '',
    audiences: rule.audiences ?? [],
    jwksSourceSpecifier: remoteJwks(rule, context) ?? {
      $case: 'localJwks',
      value: { specifier: { $case: 'inlineString', value: keysOf(rule, context.fetchedKeys) } },
    },
    forward: rule.forwardOriginalToken === true,
    forwardPayloadHeader: rule.outputPayloadToHeader ?? '',
    fromHeaders: (rule.fromHeaders ?? []).map(({ name, prefix }) => ({ name, valuePrefix: prefix ?? '' })),
    fromParams: rule.fromParams ?? [],
    fromCookies: rule.fromCookies ?? [],
    claimToHeaders: (rule.outputClaimToHeaders ?? []).map(({ header, claim }) => ({ headerName: header, claimName: claim })),
    payloadInMetadata: JWT_PAYLOAD,
    normalizePayloadInMetadata: { spaceDelimitedClaims: [...new Set([...spaceDelimitedClaims, ...SPACED_CLAIMS])].sort(compareTexts) },
    clearRouteCache: context.clearRouteCache,
  };
}

/** Envoy fetches when the first token comes, and keeps the set for five minutes; what it cannot fetch refuses the token. */
function remoteJwks(rule: JwtRule, { remoteKeys }: JwtContext): JwtProvider['jwksSourceSpecifier'] | undefined {
  const source = keysSource(rule);
  const cluster = source === undefined || source.isDiscovery ? undefined : remoteKeys?.(source.uri);
  if (source === undefined || cluster === undefined) return undefined;
  const { timeout } = rule as { timeout?: string };
  const httpUri = { uri: source.uri, httpUpstreamType: { $case: 'cluster', value: cluster }, timeout: duration(timeout ?? DEFAULT_TIMEOUT) } as const;
  return { $case: 'remoteJwks', value: RemoteJwks.fromPartial({ httpUri, cacheDuration: duration(CACHED_FOR) }) };
}

function keysOf(rule: JwtRule, fetchedKeys: JwtContext['fetchedKeys']): string {
  const source = keysSource(rule);
  return usable(source === undefined ? rule.jwks : fetchedKeys(source.key)) ?? UNUSABLE_KEYS;
}

/** The set as it is; a single key as a set of one; undefined when nothing could be verified with it. */
function usable(text: string | undefined): string | undefined {
  const keys = keysOfSet(text ?? '');
  if (text === undefined || keys === undefined || !keys.some(isVerificationKey)) return undefined;
  return 'keys' in (JSON.parse(text) as object) ? text : JSON.stringify({ keys });
}

/**
 * One issuer: its token or none. Several: a token of any, or for every issuer a good one or none. The first part is for issuers that share
 * a place for their tokens, where a token of one is a bad token of the other.
 */
function requirement(names: readonly string[]): Requirement {
  const orNone = names.map((name) => anyOf([byName(name), { requiresType: { $case: 'allowMissing', value: {} } }]));
  const [only] = orNone;
  if (only !== undefined && orNone.length === 1) return only;
  return anyOf([...names.map(byName), { requiresType: { $case: 'requiresAll', value: { requirements: orNone } } }]);
}

const byName = (value: string): Requirement => ({ requiresType: { $case: 'providerName', value } });
const anyOf = (requirements: Requirement[]): Requirement => ({ requiresType: { $case: 'requiresAny', value: { requirements } } });
