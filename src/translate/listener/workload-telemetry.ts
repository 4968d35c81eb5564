/**
 * What Telemetry resources come to at one side of a workload's connections, before providers are looked up.
 */
import type { TrafficExtension } from '../../api/extensions.js';
import type { TelemetrySpec } from '../../api/istio.js';
import type { EffectiveMeshConfig, ProxyConfig } from '../../api/mesh-config.js';
import type { FindBackend } from '../../model/extension-providers.js';
import { type LogChoice, mergeLogging, mergeTracing, type WorkloadMode } from '../../model/telemetry-merge.js';
import type { HttpSettings, WorkloadFacts } from './settings.js';
import { chosenTracing, meshTracing } from './tracing.js';

export interface WorkloadTelemetry {
  /** Broadest first. */
  readonly specs: readonly TelemetrySpec[];
  /** In their order. */
  readonly extensions?: readonly TrafficExtension[];
  /** Gateways are clients. */
  readonly mode: WorkloadMode;
  readonly find: FindBackend;
  /** A variable of the control plane's environment: providers may take headers from there. */
  readonly environment: (name: string) => string;
}

export const workloadLogging = ({ defaultProviders }: EffectiveMeshConfig, { specs, mode }: WorkloadTelemetry): readonly LogChoice[] | undefined =>
  mergeLogging(specs, defaultProviders?.accessLogging ?? [], mode);

export function workloadTracing(
  config: EffectiveMeshConfig,
  proxyConfig: ProxyConfig,
  workload: WorkloadFacts,
  { specs, mode, find, environment }: WorkloadTelemetry,
): Pick<HttpSettings, 'tracing' | 'ignoresRequestIdForSampling'> {
  const choice = mergeTracing(specs, config.defaultProviders?.tracing ?? [], mode);
  if (choice === undefined) {
    const tracing = meshTracing(config, proxyConfig, workload);
    return tracing === undefined ? {} : { tracing };
  }
  const { isGateway } = workload;
  const tracing = chosenTracing(config, proxyConfig, choice, { find, environment, proxy: workload, facts: workload, isGateway });
  if (tracing === undefined) return {};
  return { tracing, ...(choice.useRequestIdForTraceSampling ? {} : { ignoresRequestIdForSampling: true }) };
}
