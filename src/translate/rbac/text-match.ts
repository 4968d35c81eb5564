/**
 * How AuthorizationPolicy matches texts: `exact`, `prefix*`, `*suffix`, and `*` for "any, but present". Envoy refuses empty prefixes and
 * suffixes, so `*` always has a matcher of its own. Every text that gets into a regex is quoted: RE2 in Envoy is the only one that runs it.
 * https://istio.io/latest/docs/reference/config/security/authorization-policy/#Rule
 */
import type { HeaderMatcher } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { StringMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/string.js';
import type { Partial } from '../proto.js';

export type TextMatcher = Partial<StringMatcher>;

/** The characters that mean something in RE2, each behind a backslash. */
export const quoteRegex = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

export const exact = (value: string): TextMatcher => ({ matchPattern: { $case: 'exact', value } });
export const prefix = (value: string): TextMatcher => ({ matchPattern: { $case: 'prefix', value } });
export const suffix = (value: string): TextMatcher => ({ matchPattern: { $case: 'suffix', value } });
/** Envoy matches the whole text against it. */
export const regex = (value: string): TextMatcher => ({ matchPattern: { $case: 'safeRegex', value: { regex: value } } });

/** Any text that is not empty. */
export const ANY_TEXT: TextMatcher = regex('.+');

export const ignoringCase = (matcher: TextMatcher): TextMatcher => ({ ...matcher, ignoreCase: true });

/** A value with at most one wildcard, at its start or its end; elsewhere `*` is an ordinary character. */
export function textMatcher(value: string): TextMatcher {
  if (value === '*') return ANY_TEXT;
  if (value.startsWith('*')) return suffix(value.slice(1));
  if (value.endsWith('*')) return prefix(value.slice(0, -1));
  return exact(value);
}

/** The same behind fixed text that the value does not have, such as `spiffe://`. */
export function textMatcherBehind(fixed: string, value: string): TextMatcher {
  if (value === '*') return ANY_TEXT;
  if (value.startsWith('*')) return regex(`${quoteRegex(fixed)}.*${quoteRegex(value.slice(1))}`);
  if (value.endsWith('*')) return prefix(fixed + value.slice(0, -1));
  return exact(fixed + value);
}

/** A header; `*` asks only that it is there. */
export function headerMatcher(name: string, value: string, matcher: (value: string) => TextMatcher = textMatcher): Partial<HeaderMatcher> {
  if (value === '*') return { name, headerMatchSpecifier: { $case: 'presentMatch', value: true } };
  return { name, headerMatchSpecifier: { $case: 'stringMatch', value: matcher(value) } };
}
