/**
 * Several DestinationRules of one namespace for one host (DR-003, DR-005): those of the same visibility are merged, the oldest first. A second traffic
 * policy and a second subset of the same name are dropped. Of those with different visibility only one holds for a client.
 */
import type { DestinationRule } from '../api/istio.js';
import { byAge } from '../api/resource.js';
import { resolveShortName } from '../model/hosts.js';
import { isVisibleTo, parseVisibility } from '../model/visibility.js';
import { type Check, type Draft, nameOf, perRow } from './check.js';

export const destinationRuleConflicts: Check = perRow('destination-rule-conflict', 'DestinationRule', ({ mesh, domain }, row) => {
  const host = hostOf(row, domain);
  const others = [...mesh.rows.of('DestinationRule').list().values()].filter(
    (other) => other.metadata.namespace === row.metadata.namespace && hostOf(other, domain) === host && selectorOf(other) === selectorOf(row),
  );
  const sorted = others.sort(byAge);
  const older = sorted.slice(0, sorted.indexOf(row));
  const merged = older.filter((other) => exportsOf(other) === exportsOf(row));
  const policy = merged.find((other) => other.spec.trafficPolicy !== undefined);
  const found: Draft[] = [];
  if (policy !== undefined && row.spec.trafficPolicy !== undefined) {
    const message = `this trafficPolicy is dropped: ${nameOf(policy)} for the same host is older and has one`;
    const path = ['spec', 'trafficPolicy'];
    found.push({ severity: 'warning', code: 'destination-rule-conflict', message, at: { row, path }, winner: { row: policy, path } });
  }
  for (const [index, { name }] of (row.spec.subsets ?? []).entries()) {
    for (const other of merged) {
      const at = other.spec.subsets?.findIndex((subset) => subset.name === name) ?? -1;
      if (at < 0) continue;
      const message = `subset ${name} is dropped: ${nameOf(other)} for the same host is older and has one of that name`;
      const winner = { row: other, path: ['spec', 'subsets', at] };
      found.push({ severity: 'warning', code: 'duplicate-subset', message, at: { row, path: ['spec', 'subsets', index] }, winner });
      break;
    }
  }
  const defaults = mesh.config().defaultDestinationRuleExportTo;
  const visible = (rule: DestinationRule): boolean =>
    isVisibleTo(parseVisibility(rule.spec.exportTo, rule.metadata.namespace, defaults), row.metadata.namespace);
  // Those of equal exportTo are one rule, as old as its oldest part. The model takes the youngest of several, so the older ones are the losers.
  const leaders = sorted.filter((other, i) => visible(other) && sorted.findIndex((one) => exportsOf(one) === exportsOf(other)) === i);
  const winner = leaders.at(-1);
  if (winner !== undefined && winner !== row && leaders.includes(row)) {
    const message = `does not hold for clients in namespace ${row.metadata.namespace}: ${nameOf(winner)} for the same host has another exportTo, so the two are not merged, and the younger one counts`;
    const path = ['spec', 'host'];
    found.push({ severity: 'warning', code: 'destination-rule-conflict', message, at: { row, path }, winner: { row: winner, path } });
  }
  return found;
});

const hostOf = (row: DestinationRule, domain: string): string => resolveShortName(row.spec.host, row.metadata.namespace, domain);

/** Rules for chosen workloads are private whatever they say. */
const exportsOf = ({ spec }: DestinationRule): string => (spec.workloadSelector ? '.' : [...new Set(spec.exportTo ?? [])].sort().join());

const selectorOf = ({ spec }: DestinationRule): string => JSON.stringify(Object.entries(spec.workloadSelector?.matchLabels ?? {}).sort());
