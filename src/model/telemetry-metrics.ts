/**
 * The metrics part of Telemetry resources laid over each other, for one side of a workload's connections (TE-002 to TE-006). Rules are read in
 * order; later ones change what earlier ones said. https://istio.io/latest/docs/reference/config/telemetry/#Metrics
 */
import type { TelemetrySpec } from '../api/istio.js';
import { concerns, namesOf, type WorkloadMode } from './telemetry-merge.js';

type Metrics = NonNullable<TelemetrySpec['metrics']>[number];
type Override = NonNullable<Metrics['overrides']>[number];
type TagOverride = NonNullable<Override['tagOverrides']>[string];

/** Istio's standard metrics: names in the API → names that are reported, without the prefix `istio_`. */
export const STANDARD_METRICS: Readonly<Record<string, string>> = {
  GRPC_REQUEST_MESSAGES: 'request_messages_total',
  GRPC_RESPONSE_MESSAGES: 'response_messages_total',
  REQUEST_COUNT: 'requests_total',
  REQUEST_DURATION: 'request_duration_milliseconds',
  REQUEST_SIZE: 'request_bytes',
  RESPONSE_SIZE: 'response_bytes',
  TCP_CLOSED_CONNECTIONS: 'tcp_connections_closed_total',
  TCP_OPENED_CONNECTIONS: 'tcp_connections_opened_total',
  TCP_RECEIVED_BYTES: 'tcp_received_bytes_total',
  TCP_SENT_BYTES: 'tcp_sent_bytes_total',
};

export interface MetricChange {
  /** As reported, without the prefix `istio_`. */
  readonly name: string;
  readonly drop: boolean;
  /** Tag → CEL expression. */
  readonly tags: Readonly<Record<string, string>>;
  /** Sorted. */
  readonly removedTags: readonly string[];
}

export interface MetricsChoice {
  readonly provider: string;
  /** '' for the proxy's default. */
  readonly reportingInterval: string;
  /** Sorted by the metric's name in the API. */
  readonly changes: readonly MetricChange[];
}

/** What is known of one provider while rules are read. */
interface Draft {
  off: boolean;
  interval: string;
  readonly metrics: Map<string, { disabled: boolean; readonly tags: Map<string, TagOverride> }>;
}

/** The providers that get metrics of this side, sorted. */
export function mergeMetrics(specs: readonly TelemetrySpec[], defaults: readonly string[], mode: WorkloadMode): readonly MetricsChoice[] {
  const rules = specs.flatMap(({ metrics = [] }) => metrics);
  const inUse = rules.map(namesOf).findLast((names) => names.length > 0) ?? defaults;
  const drafts = new Map<string, Draft>();
  const draftOf = (provider: string): Draft => {
    const draft = drafts.get(provider) ?? { off: false, interval: '', metrics: new Map() };
    drafts.set(provider, draft);
    return draft;
  };
  if (rules.length === 0) for (const provider of defaults) draftOf(provider);
  let inherited = defaults;
  for (const rule of rules) {
    const named = namesOf(rule);
    inherited = named.length > 0 ? named : inherited;
    for (const provider of inherited) if (inUse.includes(provider)) apply(rule, mode, draftOf(provider));
  }
  return [...drafts]
    .filter(([, { off }]) => !off)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([provider, { interval, metrics }]) => ({
      provider,
      reportingInterval: interval,
      changes: [...metrics].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { disabled, tags }]) => change(name, disabled, tags)),
    }));
}

function apply({ overrides = [], reportingInterval }: Metrics, mode: WorkloadMode, draft: Draft): void {
  if (reportingInterval !== undefined) draft.interval = reportingInterval;
  for (const { match, disabled, tagOverrides = {} } of overrides.filter((override) => concerns(override.match, mode))) {
    const isAll = match?.customMetric === undefined && (match?.metric === undefined || match.metric === 'ALL_METRICS');
    draft.off = isAll && disabled === true;
    if (draft.off) continue;
    for (const name of isAll ? Object.keys(STANDARD_METRICS) : [match?.customMetric ?? match?.metric ?? '']) {
      const metric = draft.metrics.get(name) ?? { disabled: false, tags: new Map<string, TagOverride>() };
      draft.metrics.set(name, metric);
      if (disabled !== undefined && disabled !== null) metric.disabled = disabled;
      for (const [tag, override] of Object.entries(tagOverrides)) metric.tags.set(tag, override);
    }
  }
}

function change(metric: string, drop: boolean, tags: ReadonlyMap<string, TagOverride>): MetricChange {
  const sorted = [...tags].sort(([a], [b]) => (a < b ? -1 : 1));
  const isRemoved = ({ operation }: TagOverride): boolean => operation === 'REMOVE';
  return {
    name: STANDARD_METRICS[metric] ?? metric,
    drop,
    tags: Object.fromEntries(sorted.flatMap(([tag, override]) => (isRemoved(override) ? [] : [[tag, override.value ?? '']]))),
    removedTags: sorted.flatMap(([tag, override]) => (isRemoved(override) ? [tag] : [])),
  };
}
