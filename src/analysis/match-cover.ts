/**
 * When one match of an HTTP route takes every request that another one would: then the other, coming later, is never used (VS-005). Says
 * yes only when that is certain; expressions are compared as texts.
 */
import type { HTTPMatchRequest, StringMatch } from '../api/istio.js';

type Strings = Readonly<Record<string, StringMatch>>;

/** True when `outer` takes all that `inner` takes. `gateways` are the VirtualService's own, for matches that name none. */
export function covers(outer: HTTPMatchRequest, inner: HTTPMatchRequest, gateways: readonly string[]): boolean {
  const fields = ['scheme', 'method', 'authority'] as const;
  return (
    coversUri(outer, inner) &&
    fields.every((field) => coversText(outer[field] as StringMatch | undefined, inner[field] as StringMatch | undefined)) &&
    coversAll(outer.headers as Strings | undefined, inner.headers as Strings | undefined) &&
    coversAll(outer.queryParams as Strings | undefined, inner.queryParams as Strings | undefined) &&
    sameAll(outer.withoutHeaders as Strings | undefined, inner.withoutHeaders as Strings | undefined) &&
    (!outer.port || outer.port === inner.port) &&
    (!outer.sourceNamespace || outer.sourceNamespace === inner.sourceNamespace) &&
    Object.entries(outer.sourceLabels ?? {}).every(([key, value]) => inner.sourceLabels?.[key] === value) &&
    within(inner.gateways, outer.gateways, gateways)
  );
}

/** True for a match without a condition on the request; gateway and source conditions may be there. */
export function takesEverything(match: HTTPMatchRequest): boolean {
  const uri = match.uri as StringMatch | undefined;
  const { name: _, statPrefix: __, uri: ___, ignoreUriCase: ____, ...others } = match as Record<string, unknown>;
  return anyPath(uri) && Object.values(others).every(isEmpty);
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || value === 0 || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** True when every path matches. */
export const anyPath = (uri: StringMatch | undefined): boolean =>
  uri === undefined || isEmpty(uri) || uri.prefix === '/' || uri.regex === '.*' || uri.regex === '/.*';

function coversUri(outer: HTTPMatchRequest, inner: HTTPMatchRequest): boolean {
  const [a, b] = [outer.uri, inner.uri] as [StringMatch | undefined, StringMatch | undefined];
  if (anyPath(a)) return true;
  if (outer.ignoreUriCase === true) return coversText(lower(a), lower(b));
  return inner.ignoreUriCase !== true && coversText(a, b);
}

const lower = (match: StringMatch | undefined): StringMatch | undefined =>
  match && {
    ...match,
    ...(match.exact && { exact: match.exact.toLowerCase() }),
    ...(match.prefix && { prefix: match.prefix.toLowerCase() }),
  };

function coversText(outer: StringMatch | undefined, inner: StringMatch | undefined): boolean {
  if (outer === undefined || isEmpty(outer)) return true;
  if (inner === undefined) return false;
  if (outer.prefix) return (inner.prefix ?? inner.exact ?? '').startsWith(outer.prefix);
  if (outer.exact) return inner.exact === outer.exact;
  return outer.regex !== undefined && outer.regex === inner.regex;
}

/** Every condition of `outer` holds where `inner`'s do; `{}` asks only that a header is there. */
const coversAll = (outer: Strings = {}, inner: Strings = {}): boolean =>
  Object.entries(outer).every(([key, match]) => inner[key] !== undefined && coversText(match, inner[key]));

/** Conditions that must not hold: certain only for equal ones. */
const sameAll = (outer: Strings = {}, inner: Strings = {}): boolean =>
  Object.entries(outer).every(([key, match]) => inner[key] !== undefined && JSON.stringify(inner[key]) === JSON.stringify(match));

/** An empty list means the VirtualService's own gateways. */
function within(inner: readonly string[] = [], outer: readonly string[] = [], all: readonly string[]): boolean {
  if (outer.length === 0) return true;
  return (inner.length === 0 ? all : inner).every((gateway) => outer.includes(gateway));
}
