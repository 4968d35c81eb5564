/**
 * A check for the analysis that needs more than the model: patches of EnvoyFilters that matched nothing on any connected proxy, and patching that
 * failed. What a patch matches is known only where it is applied, in the views.
 */
import type { Check, Draft, Spot } from '../analysis/check.js';
import type { Mesh } from '../model/mesh.js';
import { resourceToJson } from '../views/json.js';
import type { PatchReport } from '../views/patched.js';
import type { Views } from '../views/views.js';
import { rdsNames } from './references.js';

/** The check over these views. Silent about patches that are for no connected proxy. */
export function patchCheck(views: Views): Check {
  return {
    name: 'envoy-filter-patches',
    subjects: ({ mesh }) => (mesh.rows.of('EnvoyFilter').list().size > 0 ? [''] : []),
    examine({ mesh }) {
      const reports = representatives(mesh).map((key) => views.patchReport(key, (listeners) => rdsNames(listeners.map(resourceToJson))));
      return [...unmatched(mesh, reports), ...failures(mesh, reports)];
    },
  };
}

/** Clusters that EnvoyFilters add to connected proxies although there are some of their names, with the EnvoyFilter (XD-034). */
export function repeatedClusters(mesh: Mesh, views: Views): ReadonlyMap<string, string> {
  const failed = representatives(mesh).flatMap((key) => views.patchReport(key, () => []).failures);
  return new Map(
    failed.flatMap(({ repeatedCluster, after = '' }) =>
      repeatedCluster === undefined ? [] : [[repeatedCluster, after.slice(0, after.indexOf('#'))]],
    ),
  );
}

/** One proxy of each kind: those with equal scopes and patches get the same. */
function representatives(mesh: Mesh): readonly string[] {
  const byScope = new Map<string, string>();
  for (const key of mesh.rows.proxies.list().keys()) {
    const selection = mesh.envoyFilters.selection(key);
    if (selection === '') continue;
    const scope = `${selection} ${mesh.proxies.outboundScope(key).id} ${mesh.proxies.inboundScope(key).id}`;
    if (!byScope.has(scope)) byScope.set(scope, key);
  }
  return [...byScope.values()];
}

function unmatched(mesh: Mesh, reports: readonly PatchReport[]): readonly Draft[] {
  const applied = new Set(reports.flatMap((report) => report.applied));
  const selected = [...new Set(reports.flatMap((report) => report.selected))].sort();
  const refused = new Set(
    reports.flatMap((report) => report.problems).map(({ resource, path }) => `${resource?.namespace}/${resource?.name}#${path?.[2]}`),
  );
  return selected
    .filter((id) => !applied.has(id) && !refused.has(id))
    .flatMap((id) => {
      const at = spotOf(mesh, id);
      return at === undefined
        ? []
        : [{ severity: 'warning', code: 'unmatched-patch', message: 'matched nothing on any connected proxy', at } as const];
    });
}

/** Told at the last patch that matched before it, or else at the first of all. */
function failures(mesh: Mesh, reports: readonly PatchReport[]): readonly Draft[] {
  const found = new Map<string, Draft>();
  for (const { selected, failures: failed } of reports) {
    for (const { message, after } of failed) {
      const spot = spotOf(mesh, after ?? selected[0] ?? '');
      if (spot !== undefined) found.set(message, { severity: 'error', code: 'failed-patch', message, at: spot });
    }
  }
  return [...found.values()];
}

/** The place of a patch by its id, `namespace/name#index`. */
function spotOf(mesh: Mesh, id: string): Spot | undefined {
  const at = id.lastIndexOf('#');
  const row = mesh.rows.of('EnvoyFilter').get(id.slice(0, at));
  return row && { row, path: ['spec', 'configPatches', Number(id.slice(at + 1))] };
}
