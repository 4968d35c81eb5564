/**
 * What metrics of a Telemetry a stock Envoy cannot make (TE-003 to TE-006): it counts Istio's standard metrics by its access logger, bytes when a
 * stream ends, with labels that its logs can say. Proxies with Istio's own Envoy do all of it.
 */
import type { Telemetry } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import { tagExpression } from '../model/tag-expression.js';
import { STANDARD_METRICS } from '../model/telemetry-metrics.js';
import { type Check, type Draft, perRow } from './check.js';

type Override = NonNullable<NonNullable<Telemetry['spec']['metrics']>[number]['overrides']>[number];

export const telemetryMetrics: Check = perRow('telemetry-metrics', 'Telemetry', (_, row) =>
  (row.spec.metrics ?? []).flatMap(({ reportingInterval, overrides = [] }, i) => {
    const info = (message: string, ...path: FieldPath): Draft => ({
      severity: 'info',
      code: 'telemetry-metrics',
      message,
      at: { row, path: ['spec', 'metrics', i, ...path] },
    });
    return [
      ...(reportingInterval === undefined
        ? []
        : [info('has no effect on a stock Envoy: bytes of a stream are counted when it ends', 'reportingInterval')]),
      ...overrides.flatMap((override, j) => ofOverride(override, (message, ...path) => info(message, 'overrides', j, ...path))),
    ];
  }),
);

function ofOverride({ match, disabled, tagOverrides = {} }: Override, info: (message: string, ...path: FieldPath) => Draft): readonly Draft[] {
  const { metric, customMetric } = match ?? {};
  if (customMetric !== undefined && !Object.values(STANDARD_METRICS).includes(customMetric))
    return [info('has no effect on a stock Envoy: it makes standard metrics only', 'match', 'customMetric')];
  if (metric?.startsWith('GRPC_') === true && disabled !== true)
    return [info('has no effect on a stock Envoy: its logs do not tell how many messages there were', 'match', 'metric')];
  return Object.entries(tagOverrides).flatMap(([tag, { operation, value = '' }]) => {
    if (operation === 'REMOVE' || tagExpression(value) !== undefined) return [];
    return [info('is left out at stock Envoys: no expression over attributes and functions that they have', 'tagOverrides', tag, 'value')];
  });
}
