/**
 * Telemetries that do less than they say: of two for one namespace only the older counts (TE-001), providers that MeshConfig does not have or
 * whose service is nowhere are left out (TE-015), and a filter without providers filters nothing (TE-013).
 */
import type { Telemetry } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import { byAge } from '../api/resource.js';
import { findBackend, findProvider, providerSettings } from '../model/extension-providers.js';
import { policyLabelKeys } from '../model/policy-target.js';
import { type Check, type Context, type Draft, nameOf, perRow } from './check.js';

/** Kinds of providers that send to a service. */
const SENDING = ['zipkin', 'datadog', 'skywalking', 'opentelemetry', 'envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls'];

export const telemetryProviders: Check = perRow('telemetry-provider', 'Telemetry', (context, row) => {
  const named = (['accessLogging', 'tracing', 'metrics'] as const).flatMap((part) =>
    (row.spec[part] ?? []).flatMap(({ providers = [] }, i) =>
      providers.map(({ name }, j) => ({ name, path: ['spec', part, i, 'providers', j, 'name'] satisfies FieldPath })),
    ),
  );
  const unusable = named.flatMap(({ name, path }): Draft[] => {
    const message = whyUnusable(name, context);
    return message === undefined ? [] : [{ severity: 'warning', code: 'telemetry-provider', message, at: { row, path } }];
  });
  const filters = (row.spec.accessLogging ?? []).flatMap(({ filter, providers = [] }, i): Draft[] => {
    if (filter?.expression === undefined || providers.length > 0) return [];
    const message = 'filters nothing, for it names no providers: a filter holds for the providers beside it only';
    return [{ severity: 'warning', code: 'telemetry-filter', message, at: { row, path: ['spec', 'accessLogging', i, 'filter'] } }];
  });
  return [...olderForAll(context, row), ...unusable, ...filters];
});

function whyUnusable(name: string, { mesh }: Context): string | undefined {
  const provider = findProvider(mesh.config().extensionProviders, name);
  if (provider === undefined) return `MeshConfig has no extension provider ${name}, so it is left out`;
  for (const kind of SENDING) {
    const settings = providerSettings<{ service?: string; port?: number }>(provider, kind);
    if (settings === undefined || findBackend(mesh, settings.service ?? '', settings.port ?? 0) !== undefined) continue;
    return `extension provider ${name} sends to ${settings.service ?? ''}, which is no service of the mesh or one of several namespaces, so it is left out`;
  }
  return undefined;
}

/** The Telemetry that counts for the namespace instead of this one. */
function olderForAll({ mesh }: Context, row: Telemetry): readonly Draft[] {
  if (policyLabelKeys(row.spec).length > 0) return [];
  const { namespace } = row.metadata;
  const rows = [...mesh.rows.of('Telemetry').list().values()].filter((one) => one.metadata.namespace === namespace);
  const [winner] = rows.filter(({ spec }) => policyLabelKeys(spec).length === 0).sort(byAge);
  if (winner === undefined || winner === row) return [];
  const message = `does nothing: ${nameOf(winner)} is older and also for all workloads of the namespace`;
  return [{ severity: 'error', code: 'telemetry-conflict', message, at: { row }, winner: { row: winner } }];
}
