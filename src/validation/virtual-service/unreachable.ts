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

/** How many pairs of prefixes are compared for warnings of one list of rules, whose author may have made it for this. */
const MAX_COMPARED = 1_000_000;
/** How many such warnings are made. */
const MAX_COVERED = 10_000;

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

/** Only matches with the same port and fields can cover each other, and only below a prefix that is there: the rest is not compared. */
function warnCovered(prefixes: readonly Prefix[]): void {
  const groups = Map.groupBy(prefixes, groupOf);
  const found: [outer: number, inner: number][] = [];
  const order = new Map(prefixes.map((one, index) => [one, index]));
  let left = MAX_COMPARED;
  for (const group of groups.values()) {
    const seen = new Map<string, Prefix[]>();
    const lengths = new Set<number>();
    for (const inner of group) {
      for (const length of lengths) {
        if (length >= inner.prefix.length) continue;
        const outers = seen.get(inner.prefix.slice(0, length)) ?? [];
        left -= outers.length + 1;
        if (found.length > MAX_COVERED) left = -1;
        if (left < 0) break;
        for (const outer of outers) if (covers(outer, inner)) found.push([order.get(outer)!, order.get(inner)!]);
      }
      const same = seen.get(inner.prefix);
      if (same === undefined) seen.set(inner.prefix, [inner]);
      else same.push(inner);
      lengths.add(inner.prefix.length);
    }
  }
  for (const [outer, inner] of found.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    prefixes[inner]!.at.warn(`is never used: the earlier prefix '${prefixes[outer]!.prefix}' covers it`);
  if (left < 0) prefixes.at(-1)!.at.warn('has too many matches before it to compare each with each; some that are never used may not be told');
}

/** Key order, a match's name, and whether a list or a mapping of texts is empty or absent do not matter. */
function canonical(match: object): string {
  const filled = Object.entries(match).filter((entry) => !isEmpty(entry));
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [key, sorted(item)]),
        )
      : value;
  return JSON.stringify(sorted({ ...Object.fromEntries(filled), name: undefined }));
}

const COLLECTIONS = ['sourceLabels', 'gateways', 'headers', 'withoutHeaders', 'queryParams', 'destinationSubnets', 'sniHosts'];
const isEmpty = ([field, value]: [string, unknown]): boolean =>
  value === '' || value === 0 || value === false || (COLLECTIONS.includes(field) && Object.keys(value as object).length === 0);

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

const groupOf = ({ port, texts }: Prefix): string => JSON.stringify([port, texts.map((fields) => Object.keys(fields).sort())]);

/** True when every request that `inner` takes was already taken by `outer`, whose prefix it has, and port, and fields. */
const covers = (outer: Prefix, inner: Prefix): boolean =>
  outer.texts.every((wanted, index) => Object.entries(wanted).every(([key, text]) => text.startsWith(inner.texts[index]![key]!)));
