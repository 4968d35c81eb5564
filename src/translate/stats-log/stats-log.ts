/**
 * Istio's standard metrics of a stock Envoy, by its access logger of statistics (TE-002 to TE-006). One logger for each moment, with Telemetry's
 * changes. Names come out as `istio_…` where the bootstrap configures Wasm, else with a prefix of Envoy's that a scraper relabels.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/stats/v3/stats.proto
 */
import type { AccessLog, AccessLogFilter } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import { AccessLogType } from '@envoyproxy/xds-protos/envoy/data/accesslog/v3/accesslog.js';
import { Config } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/stats/v3/stats.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { findProvider, providerSettings } from '../../model/extension-providers.js';
import type { StatsLogger } from '../../model/proxy.js';
import { tagExpression } from '../../model/tag-expression.js';
import type { WorkloadMode } from '../../model/telemetry-merge.js';
import { type MetricChange, mergeMetrics } from '../../model/telemetry-metrics.js';
import { type Partial, toAny } from '../proto.js';
import { type LabelContext, labels } from './labels.js';
import { METRICS, type Metric, type Moment } from './metrics.js';
import type { WorkloadFacts } from './workload-facts.js';

/** What one proxy counts on one side, as a plain value. */
export interface StatsLog {
  readonly version: StatsLogger;
  readonly reporter: 'source' | 'destination';
  readonly self: WorkloadFacts;
  readonly changes: readonly MetricChange[];
}

/** Envoy drops this prefix, and its own, from names in Prometheus' format once anything of Wasm is configured. */
const PREFIX = 'wasmcustom';
/** Series beyond these are not counted: about 15 MB of counters and 30 MB of histograms. */
const BOUNDS = { maxCounters: 20_000, maxHistograms: 6_000 };

/** The metrics that Telemetry asks of this side of a stock Envoy; undefined where there are none. Prometheus' providers are all one. */
export function statsLog(
  config: EffectiveMeshConfig,
  { statsLogger, isGateway, self }: { readonly statsLogger?: StatsLogger; readonly isGateway: boolean; readonly self?: WorkloadFacts },
  { specs, mode }: { readonly specs: Parameters<typeof mergeMetrics>[0]; readonly mode: WorkloadMode },
): StatsLog | undefined {
  if (statsLogger === undefined || self === undefined) return undefined;
  const choices = mergeMetrics(specs, config.defaultProviders?.metrics ?? [], mode);
  const choice = choices.find(({ provider: name }) => {
    const provider = findProvider(config.extensionProviders, name);
    return provider !== undefined && providerSettings(provider, 'prometheus') !== undefined;
  });
  if (choice === undefined) return undefined;
  return { version: statsLogger, reporter: isGateway || mode === 'CLIENT' ? 'source' : 'destination', self, changes: choice.changes };
}

/** Loggers of a connection manager. `mutualTls`: its filter chain ends mutual TLS of the mesh. */
export const httpStatsLogs = (log: StatsLog | undefined, mutualTls: boolean): Partial<AccessLog>[] => loggers(['request'], log, mutualTls);

/** Loggers of a tcp_proxy, see {@link httpStatsLogs}. */
export const tcpStatsLogs = (log: StatsLog | undefined, mutualTls: boolean): Partial<AccessLog>[] => loggers(['opened', 'closed'], log, mutualTls);

const loggers = (moments: readonly Moment[], log: StatsLog | undefined, mutualTls: boolean): Partial<AccessLog>[] =>
  log === undefined ? [] : moments.flatMap((moment) => logger(moment, log, { ...log, mutualTls }) ?? []);

function logger(moment: Moment, { version, changes }: StatsLog, context: LabelContext): Partial<AccessLog> | undefined {
  const made = METRICS.filter(({ name, moment: at }) => at === moment && changeOf(changes, name)?.drop !== true);
  if (made.length === 0) return undefined;
  const statOf = (metric: Metric) => ({ name: `istio_${metric.name}`, tags: tags(moment, changeOf(changes, metric.name), context) });
  const config: Partial<Config> = {
    ...(version === 'scope' ? { statsScope: { prefix: PREFIX, sharingName: 'istio', enableEviction: true, ...BOUNDS } } : { statPrefix: PREFIX }),
    counters: made
      .filter(({ unit }) => unit === undefined)
      .map((metric) => ({ stat: statOf(metric), ...(metric.value === undefined ? { valueFixed: 1n } : { valueFormat: metric.value }) })),
    histograms: made.flatMap((metric) =>
      metric.unit === undefined ? [] : [{ stat: statOf(metric), unit: metric.unit, valueFormat: metric.value ?? '' }],
    ),
  };
  return { name: 'envoy.access_loggers.stats', filter: FILTERS[moment], configType: { $case: 'typedConfig', value: toAny(Config, config) } };
}

const changeOf = (changes: readonly MetricChange[], name: string): MetricChange | undefined => changes.find((change) => change.name === name);

/** Standard labels and what Telemetry makes of them; an expression that cannot be had leaves its label out. */
function tags(moment: Moment, change: MetricChange | undefined, context: LabelContext) {
  const all = new Map(labels(moment, context));
  for (const name of change?.removedTags ?? []) all.delete(name);
  for (const [name, expression] of Object.entries(change?.tags ?? {})) {
    const found = tagExpression(expression);
    all.delete(name);
    if (found !== undefined) all.set(name, { format: 'literal' in found ? found.literal : `%CEL(${found.cel})%` });
  }
  return [...all].map(([name, { format, rules }]) => ({
    name,
    valueFormat: format,
    ...(rules === undefined || context.version === 'tags' ? {} : { rules }),
  }));
}

const at = (type: AccessLogType): Partial<AccessLogFilter> => ({ filterSpecifier: { $case: 'logTypeFilter', value: { types: [type] } } });

/** A logger hears of much else. */
const FILTERS: Readonly<Record<Moment, Partial<AccessLogFilter>>> = {
  request: at(AccessLogType.DownstreamEnd),
  opened: at(AccessLogType.TcpUpstreamConnected),
  closed: at(AccessLogType.TcpConnectionEnd),
};
