/**
 * The DestinationRules of one namespace, merged by host (DR-001, DR-003, DR-005). Holds names, hosts and visibility only, so that
 * a changed policy does not change the table.
 */
import type { DestinationRule } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import { bySpecificity, hostIsWithin, isWildcard, resolveShortName } from './hosts.js';
import { type Labels, pickLabels } from './labels.js';

/** Rules of one host that count as one; the first is the winner. */
export interface MergedRule {
  readonly keys: readonly string[];
  readonly namespace: string;
  /** As written, sorted; empty = the mesh's default. Always private with a selector. */
  readonly exportTo: readonly string[];
  readonly selector?: Labels;
}

/** Merged rules by host; wildcard hosts are sorted, most specific first. */
export interface RuleTable {
  readonly byHost: ReadonlyMap<string, readonly MergedRule[]>;
  readonly wildcards: readonly string[];
}

/** Merges the rules that `include` keeps. */
export function buildRuleTable(rows: readonly DestinationRule[], domain: string, include: (rule: MergedRule) => boolean): RuleTable {
  const byHost = new Map<string, MergedRule[]>();
  for (const row of [...rows].sort(bySelectorThenAge)) {
    const rule = single(row);
    if (!include(rule)) continue;
    const host = resolveShortName(row.spec.host, row.metadata.namespace, domain);
    const present = byHost.get(host) ?? [];
    // One that is seen further joins every rule that it covers.
    const merged = present.map((other) => (mergeable(other, rule) ? { ...other, keys: [...other.keys, ...rule.keys] } : other));
    byHost.set(host, merged.every((other, i) => other === present[i]) ? [...present, rule] : merged);
  }
  return { byHost, wildcards: [...byHost.keys()].filter(isWildcard).sort(bySpecificity) };
}

/** Merged rules of the most specific host that covers `hostname`. */
export function findRules(table: RuleTable, hostname: string): readonly MergedRule[] {
  const exact = table.byHost.get(hostname);
  if (exact !== undefined) return exact;
  const wildcard = table.wildcards.find((host) => hostIsWithin(hostname, host));
  return wildcard === undefined ? [] : (table.byHost.get(wildcard) as readonly MergedRule[]);
}

function single(row: DestinationRule): MergedRule {
  const selector = row.spec.workloadSelector ? ((row.spec.workloadSelector.matchLabels ?? {}) as Labels) : undefined;
  return {
    keys: [keyOf(row)],
    namespace: row.metadata.namespace,
    exportTo: selector === undefined ? [...new Set(row.spec.exportTo ?? [])].sort() : ['.'],
    ...(selector === undefined ? {} : { selector }),
  };
}

/** Rules for chosen workloads come first: they are the more special ones. */
function bySelectorThenAge(a: DestinationRule, b: DestinationRule): number {
  const [first, second] = [a, b].map((row) => (row.spec.workloadSelector ? 0 : 1)) as [number, number];
  return first - second || byAge(a, b);
}

/** Same workloads, and the visibility of `present`, as written, or more. */
const mergeable = (present: MergedRule, added: MergedRule): boolean =>
  labelText(present.selector) === labelText(added.selector) &&
  (present.exportTo.join() === added.exportTo.join() ||
    (present.exportTo.length > 0 && present.exportTo.every((namespace) => added.exportTo.includes(namespace))));

const labelText = (labels: Labels | undefined): string =>
  labels === undefined ? 'all' : JSON.stringify(pickLabels(labels, new Set(Object.keys(labels))));
