/**
 * Warns of rules that no request can reach: behind a rule without matches, with the same match as an earlier one, or below an
 * earlier prefix. https://istio.io/latest/docs/reference/config/analysis/ist0130/ and ist0131
 */
import type { HTTPMatchRequest, StringMatch } from '../../api/istio.js';
import { each, type Findings } from '../findings.js';

interface Rule {
  readonly name?: string;
  readonly match?: readonly object[];
}

/** A match by prefix, reduced to what is compared. */
interface Prefix {
  readonly prefix: string;
  readonly at: Findings;
  readonly port: number;
  readonly texts: readonly Readonly<Record<string, string>>[];
}

export function warnUnreachable(rules: readonly Rule[] | undefined, findings: Findings): void {
  const seen = new Map<string, number>();
  const prefixes: Prefix[] = [];
  let catchAll = false;
  each(rules, findings, (rule, at, index) => {
    if ((rule.match ?? []).length === 0) {
      if (catchAll) at.warn('is never used: only the last rule can have no match');
      catchAll = true;
      return;
    }
    let repeated = 0;
    each(rule.match, at.at('match'), (match, here) => {
      if (catchAll) return here.warn('is never used: an earlier rule has no match and takes everything');
      const key = canonical(match);
      const earlier = seen.get(key);
      if (earlier !== undefined) {
        repeated++;
        return here.warn(`is never used: rule ${earlier} has the same match`);
      }
      seen.set(key, index);
      const prefix = prefixOf(match as HTTPMatchRequest, here);
      if (prefix !== undefined) prefixes.push(prefix);
    });
    if (repeated === rule.match!.length) at.warn('is never used: earlier rules have all its matches');
  });
  warnCovered(prefixes);
}

function warnCovered(prefixes: readonly Prefix[]): void {
  for (const [index, outer] of prefixes.entries())
    for (const inner of prefixes.slice(index + 1))
      if (inner.prefix !== outer.prefix && covers(outer, inner)) inner.at.warn(`is never used: the earlier prefix '${outer.prefix}' covers it`);
}

/** Key order and a match's name do not matter. */
function canonical(match: object): string {
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [key, sorted(item)]),
        )
      : value;
  return JSON.stringify(sorted({ ...match, name: undefined }));
}

function prefixOf(match: HTTPMatchRequest, at: Findings): Prefix | undefined {
  const prefix = (match.uri as StringMatch | undefined)?.prefix ?? '';
  if (prefix === '') return undefined;
  const text = (value: StringMatch | undefined): string =>
    (value?.exact ?? '') !== '' ? `exact:${value!.exact}` : (value?.prefix ?? '') !== '' ? `prefix:${value!.prefix}` : '';
  const texts = (values: object | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries((values ?? {}) as Record<string, StringMatch>).map(([key, value]) => [key, text(value)]));
  const method = text(match.method as StringMatch | undefined);
  const single = { method: method === '' ? 'exact:GET' : method, authority: text(match.authority as StringMatch | undefined) };
  return { prefix, at, port: match.port ?? 0, texts: [single, texts(match.headers), texts(match.queryParams), texts(match.withoutHeaders)] };
}

/** True when every request that `inner` takes was already taken by `outer`. */
function covers(outer: Prefix, inner: Prefix): boolean {
  if (!inner.prefix.startsWith(outer.prefix) || inner.port !== outer.port) return false;
  return outer.texts.every((wanted, index) => {
    const other = inner.texts[index]!;
    return (
      Object.keys(wanted).length === Object.keys(other).length &&
      Object.entries(wanted).every(([key, text]) => other[key] !== undefined && text.startsWith(other[key]))
    );
  });
}
