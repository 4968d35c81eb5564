/**
 * ProxyConfig → the parts of an Envoy's bootstrap that it decides. Pure; what finds the control plane is added by whoever writes the bootstrap.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
 */
import type { ProxyConfig } from '../../api/mesh-config.js';
import { collectors } from './collectors.js';
import { otherVariables } from './proxy-metadata.js';
import { connectionLimit, runtimeLayer } from './runtime.js';
import { statsConfig } from './stats.js';
import type { Json, Workload } from './workload.js';

/** Parts of a bootstrap, in the names of the proto files. */
export interface ProxyBootstrap {
  readonly clusters: readonly Json[];
  readonly stats_config: Json;
  readonly stats_sinks: readonly Json[];
  readonly tracing?: Json;
  readonly runtime: Json;
  readonly connectionLimit: number;
}

/** @throws Error that names the field which cannot be followed. */
export function proxyBootstrap(config: ProxyConfig, workload: Workload): ProxyBootstrap {
  return {
    ...collectors(config, workload),
    stats_config: statsConfig(config, workload),
    runtime: runtimeLayer(config),
    connectionLimit: connectionLimit(config),
  };
}

/** Settings that a stock Envoy cannot follow, each with the reason. */
export function unfollowed(config: ProxyConfig): readonly string[] {
  const { tracing } = config;
  const tracers = (['lightstep', 'stackdriver', 'openCensusAgent'] as const).filter((name) => tracing?.[name] !== undefined);
  const noFile = (['customConfigFile', 'proxyBootstrapTemplatePath'] as const).filter((name) => config[name] !== undefined && config[name] !== '');
  const variables = otherVariables(config);
  return [
    ...tracers.map((name) => `tracing.${name}: Envoy has no such tracer any more`),
    ...noFile.map((name) => `${name}: templates are Istio's; lay a bootstrap of your own over this one with --override`),
    ...(variables.length > 0 ? [`proxyMetadata: ${variables.join(', ')}: for Istio's agent, which is not here`] : []),
  ];
}
