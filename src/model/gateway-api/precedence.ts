/**
 * Which rule is asked first (GA-011). Rules of all routes for one host are one list: the more exact path, then a method, more headers, more query
 * parameters; of equals the older route's. https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
import type { HTTPMatchRequest, HTTPRoute, StringMatch } from '../../api/istio.js';

/** Sorted; the order of equals stays. Every rule has one match at most. */
export const byPrecedence = (rules: readonly HTTPRoute[]): readonly HTTPRoute[] => [...rules].sort(compare);

function compare(a: HTTPRoute, b: HTTPRoute): number {
  const [first, second] = [a.match?.[0], b.match?.[0]];
  if (first === undefined || second === undefined) return Number(first === undefined) - Number(second === undefined);
  const left = rank(first);
  const right = rank(second);
  const at = left.findIndex((value, i) => value !== right[i]);
  return at < 0 ? 0 : (right[at] as number) - (left[at] as number);
}

/** Greater comes first. */
function rank({ uri, method, headers, queryParams }: HTTPMatchRequest): readonly number[] {
  const path = (uri ?? {}) as StringMatch;
  const kind = path.exact !== undefined ? 3 : path.prefix !== undefined ? 2 : path.regex !== undefined ? 1 : -1;
  const length = (path.exact ?? path.prefix ?? path.regex ?? '').length;
  return [kind, length, method === undefined ? 0 : 1, Object.keys(headers ?? {}).length, Object.keys(queryParams ?? {}).length];
}
