/**
 * Telemetry: which resources hold at a workload (TE-001, TE-017), from the mesh's to the workload's own. Of those without a selector the oldest
 * of the root namespace and of the workload's counts; of those with one, all that select it. https://istio.io/latest/docs/tasks/observability/telemetry/
 */
import type { Telemetry, TelemetrySpec } from '../api/istio.js';
import { byAge } from '../api/resource.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import type { Labels } from './labels.js';
import type { Mesh } from './mesh.js';
import { isFor, policyLabelKeys } from './policy-target.js';

export interface Telemetries {
  /** Specs in the order in which they are laid over each other. */
  of(workload: { readonly namespace: string; readonly labels: Labels }): readonly TelemetrySpec[];
}

/** Without a selector and references it is for the whole namespace. */
const isTargeted = (spec: TelemetrySpec): boolean => policyLabelKeys(spec).length > 0;

export function defineTelemetries(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config'>): Telemetries {
  const byNamespace = mesh.rows.of('Telemetry').index('namespace', (row) => [row.metadata.namespace]);
  const rowsIn = graph.query('telemetriesIn', (namespace: string): readonly Telemetry[] => [...byNamespace.get(namespace).values()].sort(byAge), {
    equals: sameElements,
  });
  const wide = (namespace: string): readonly Telemetry[] =>
    rowsIn
      .get(namespace)
      .filter(({ spec }) => !isTargeted(spec))
      .slice(0, 1);
  return {
    of(workload) {
      const { namespace } = workload;
      const { rootNamespace } = mesh.config();
      const own = rowsIn.get(namespace).filter(({ spec }) => isTargeted(spec) && isFor(spec, namespace, workload));
      const shared = [...new Set([rootNamespace, namespace])].flatMap(wide);
      return [...shared, ...own].map(({ spec }) => spec);
    },
  };
}
