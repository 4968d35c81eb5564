/** Several Sidecars for one workload (SC-002): two of a namespace without a selector, or two whose selectors find the same pod. The oldest counts. */
import type { Sidecar } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import { selects } from '../model/labels.js';
import { type Check, type Draft, nameOf, perRow } from './check.js';

export const sidecarConflicts: Check = perRow('sidecar-conflict', 'Sidecar', ({ mesh }, row) => {
  const { namespace } = row.metadata;
  const own = [...mesh.rows.of('Sidecar').list().values()].filter((other) => other.metadata.namespace === namespace).sort(byAge);
  const older = own.slice(0, own.indexOf(row));
  const selector = selectorOf(row);
  if (selector === undefined) {
    const winner = older.find((other) => selectorOf(other) === undefined);
    return winner === undefined ? [] : [conflict(row, winner, `does nothing: ${nameOf(winner)} is older and also for all of namespace ${namespace}`)];
  }
  const pods = [...mesh.rows.of('Pod').list().values()].filter(
    (pod) => pod.metadata.namespace === namespace && selects(selector, pod.metadata.labels),
  );
  const found: Draft[] = [];
  for (const other of older) {
    const labels = selectorOf(other);
    if (labels === undefined) continue;
    const both = pods.find((pod) => selects(labels, pod.metadata.labels));
    const same = JSON.stringify(Object.entries(labels).sort()) === JSON.stringify(Object.entries(selector).sort());
    if (both === undefined && !same) continue;
    const where = both === undefined ? 'for the same labels' : `for pod ${keyOf(both)}`;
    found.push(conflict(row, other, `does nothing ${where}: ${nameOf(other)} selects it too and is older`));
  }
  return found;
});

const selectorOf = ({ spec }: Sidecar): Readonly<Record<string, string>> | undefined => spec.workloadSelector?.labels;

const conflict = (row: Sidecar, winner: Sidecar, message: string): Draft => {
  const path = ['spec', ...(selectorOf(row) === undefined ? [] : ['workloadSelector'])];
  return { severity: 'warning', code: 'sidecar-conflict', message, at: { row, path }, winner: { row: winner } };
};
