/**
 * Istio's metrics for proxies with Istio's own Envoy: the filter `istio.stats`, which no stock Envoy has (TE-002 to TE-007).
 * https://istio.io/latest/docs/reference/config/proxy_extensions/stats/
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { PluginConfig } from '@envoyproxy/xds-protos/istio/stats/config.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { findProvider, providerSettings } from '../../model/extension-providers.js';
import type { WorkloadMode } from '../../model/telemetry-merge.js';
import { type MetricsChoice, mergeMetrics } from '../../model/telemetry-metrics.js';
import { duration, type Partial, parseDuration, toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

/** One filter, as a plain value. */
export interface StatsFilter extends Omit<MetricsChoice, 'provider'> {
  /** A request's host is nobody's word for the service: it may come from outside. */
  readonly distrustsHost: boolean;
}

/** The metrics that Telemetry asks of this side; none where the proxy could not make them. */
export function statsFilters(
  config: EffectiveMeshConfig,
  { istioVersion, isGateway }: { readonly istioVersion: string; readonly isGateway: boolean },
  { specs, mode }: { readonly specs: Parameters<typeof mergeMetrics>[0]; readonly mode: WorkloadMode },
): readonly StatsFilter[] {
  if (istioVersion === '') return [];
  return mergeMetrics(specs, config.defaultProviders?.metrics ?? [], mode).flatMap(({ provider: name, reportingInterval, changes }) => {
    const provider = findProvider(config.extensionProviders, name);
    if (provider === undefined || providerSettings(provider, 'prometheus') === undefined) return [];
    return [{ reportingInterval, changes, distrustsHost: isGateway || mode === 'SERVER' }];
  });
}

/** The filter for either kind of chain: HTTP connection managers and byte streams have the same. */
const translate = ({ reportingInterval, changes, distrustsHost }: StatsFilter) => ({
  name: 'istio.stats',
  configType: {
    $case: 'typedConfig' as const,
    value: toAny(PluginConfig, {
      ...(distrustsHost ? { disableHostHeaderFallback: true } : {}),
      ...(parseDuration(reportingInterval) === undefined ? {} : { tcpReportingDuration: duration(reportingInterval) }),
      metrics: changes.map(({ name, drop, tags, removedTags }) => ({ name, drop, dimensions: { ...tags }, tagsToRemove: [...removedTags] })),
    }),
  },
});

export const httpStats: HttpFilter = ({ stats = [] }) => stats.map(translate);

/** In chains of byte streams, before whatever looks into them. */
export const tcpStats = ({ stats = [] }: { readonly stats?: readonly StatsFilter[] }): Partial<Filter>[] => stats.map(translate);
