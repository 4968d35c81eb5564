/** Istio's StringMatch as Envoy's StringMatcher. Regexes pass through as text: only Envoy's RE2 ever runs them. VS-009, VS-010. */
import type { DeepPartial } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { StringMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/string.js';
import type { StringMatch } from '../../api/istio.js';

/** The matcher, or undefined for a StringMatch without any of its three forms. */
export function stringMatcher(match: StringMatch): DeepPartial<StringMatcher> | undefined {
  if (match.exact !== undefined) return { matchPattern: { $case: 'exact', value: match.exact } };
  if (match.prefix !== undefined) return { matchPattern: { $case: 'prefix', value: match.prefix } };
  if (match.regex !== undefined) return { matchPattern: { $case: 'safeRegex', value: { regex: match.regex } } };
  return undefined;
}

/** "Any value will do": an empty match, or the regex `*`, which is no RE2 but Istio's way to say so. */
export const isPresence = (match: StringMatch): boolean =>
  match.regex === '*' || (match.exact === undefined && match.prefix === undefined && match.regex === undefined);
