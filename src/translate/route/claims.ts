/**
 * Routing by JWT claims (VS-044): a "header" named `@request.auth.claims.a.b` or `@request.auth.claims[a][b]` matches the payload that
 * jwt_authn leaves in dynamic metadata. A claim may be a string or a list of strings.
 */
import type { DeepPartial } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { MetadataMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/metadata.js';
import type { ValueMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/value.js';
import type { StringMatch } from '../../api/istio.js';
import { isPresence, stringMatcher } from './string-match.js';

const PREFIX = '@request.auth.claims';

/** The path of claims that a header name stands for, or undefined when it is an ordinary header. */
export function claimPath(header: string): readonly string[] | undefined {
  if (!header.toLowerCase().startsWith(PREFIX)) return undefined;
  const rest = header.slice(PREFIX.length);
  const path = rest.startsWith('.') ? rest.slice(1).split('.') : rest.startsWith('[') && rest.endsWith(']') ? rest.slice(1, -1).split('][') : [];
  // Envoy has no name for an empty part.
  return path.length === 0 || path.includes('') ? undefined : path;
}

/**
 * Matches a claim's value, or one element of it when it is a list. An empty match asks only that the claim is there: a text matcher
 * without a pattern, as the reference has it, is refused by Envoy together with all routes beside it.
 */
export function claimMatcher(path: readonly string[], match: StringMatch): DeepPartial<MetadataMatcher> {
  const text = isPresence(match) || match.prefix === '' ? undefined : stringMatcher(match);
  const value: DeepPartial<ValueMatcher> = {
    matchPattern: text === undefined ? { $case: 'presentMatch', value: true } : { $case: 'stringMatch', value: text },
  };
  return {
    filter: 'envoy.filters.http.jwt_authn',
    path: ['payload', ...path].map((key) => ({ segment: { $case: 'key', value: key } })),
    value: {
      matchPattern: {
        $case: 'orMatch',
        value: {
          valueMatchers: [{ matchPattern: { $case: 'listMatch', value: { matchPattern: { $case: 'oneOf', value } } } }, value],
        },
      },
    },
  };
}
