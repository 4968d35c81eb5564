/**
 * Matchers on a verified token's payload, which jwt_authn leaves in dynamic metadata (AZ-014, AZ-023). A claim may be a text or a list
 * of texts; `iss` and `sub` are always texts.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
 */
import type { MetadataMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/metadata.js';
import type { ValueMatcher } from '@envoyproxy/xds-protos/envoy/type/matcher/v3/value.js';
import type { Partial } from '../proto.js';
import { ANY_TEXT, exact, prefix, suffix, type TextMatcher, textMatcher } from './text-match.js';

export const JWT_FILTER = 'envoy.filters.http.jwt_authn';
/** Where in the filter's metadata the payload is. */
export const JWT_PAYLOAD = 'payload';

type Value = Partial<ValueMatcher>;
type Metadata = Partial<MetadataMatcher>;

export const textValue = (matcher: TextMatcher): Value => ({ matchPattern: { $case: 'stringMatch', value: matcher } });
export const inList = (value: Value): Value => ({ matchPattern: { $case: 'listMatch', value: { matchPattern: { $case: 'oneOf', value } } } });

/** One of several; a single one stands for itself. */
export function anyValue(values: readonly Value[]): Value {
  const [first, ...rest] = values;
  if (first !== undefined && rest.length === 0) return first;
  return { matchPattern: { $case: 'orMatch', value: { valueMatchers: [...values] } } };
}

export const metadata = (filter: string, path: readonly string[], value: Value): Metadata => ({
  filter,
  path: path.map((key) => ({ segment: { $case: 'key', value: key } })),
  value,
});

/** A claim, or an element of it, is one of the values. */
export function claimIsOneOf(path: readonly string[], values: readonly string[]): Metadata {
  const value = anyValue(values.map((text) => textValue(textMatcher(text))));
  const either: Value = { matchPattern: { $case: 'orMatch', value: { valueMatchers: [inList(value), value] } } };
  return metadata(JWT_FILTER, [JWT_PAYLOAD, ...path], either);
}

/** Issuer and subject of a principal such as `https://issuer.example/subject`, `issuer/*`, `issuer*` or `*`; wildcards can stand first too. */
export function requestPrincipal(value: string): readonly [issuer: Metadata, subject: Metadata] {
  const [issuer, subject] = issuerAndSubject(value);
  const claim = (name: string, matcher: TextMatcher): Metadata => metadata(JWT_FILTER, [JWT_PAYLOAD, name], textValue(matcher));
  return [claim('iss', issuer), claim('sub', subject)];
}

/** The last slash parts them, as issuers are URLs. Only one of them can have a wildcard. */
function issuerAndSubject(value: string): readonly [TextMatcher, TextMatcher] {
  if (value === '*') return [ANY_TEXT, ANY_TEXT];
  const slash = value.lastIndexOf('/');
  const issuer = slash < 0 ? value : value.slice(0, slash);
  const subject = slash < 0 ? '' : value.slice(slash + 1);
  if (value.startsWith('*')) {
    if (slash < 0) return [ANY_TEXT, suffix(value.slice(1))];
    return [issuer === '*' ? ANY_TEXT : suffix(issuer.slice(1)), exact(subject)];
  }
  if (value.endsWith('*')) {
    if (slash < 0) return [prefix(value.slice(0, -1)), ANY_TEXT];
    return [exact(issuer), subject === '*' ? ANY_TEXT : prefix(subject.slice(0, -1))];
  }
  return [exact(issuer), exact(subject)];
}
