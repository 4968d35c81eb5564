/**
 * PROXY_CONFIG: what of ProxyConfig differs from the defaults, as JSON in the order of the message, so that pods stay small and equal
 * settings give equal pods. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
 */
import type { ProxyConfig } from '../../api/mesh-config.js';
import { DEFAULT_PROXY_CONFIG } from '../../model/mesh-config.js';

/** Fields in the order of their numbers; others follow in the order in which they were written. */
const ORDER = (
  'configPath binaryPath serviceCluster tracingServiceName drainDuration discoveryAddress zipkinAddress statsdUdpAddress proxyAdminPort ' +
  'controlPlaneAuthPolicy customConfigFile statNameLength concurrency proxyBootstrapTemplatePath interceptionMode tracing ' +
  'envoyAccessLogService envoyMetricsService proxyMetadata runtimeValues statusPort extraStatTags gatewayTopology terminationDrainDuration ' +
  'meshId readinessProbe proxyStatsMatcher holdApplicationUntilProxyStarts caCertificatesPem image privateKeyProvider proxyHeaders ' +
  'fileFlushInterval fileFlushMinSizeKb connectionSettings'
).split(' ');

/** Fields whose zero says something; of all others it is the same as nothing. */
const KEEPS_ZERO = new Set(['concurrency', 'holdApplicationUntilProxyStarts', 'fileFlushMinSizeKb']);

export function proxyConfigJson(config: ProxyConfig): string {
  const place = (name: string): number => (ORDER.indexOf(name) < 0 ? ORDER.length : ORDER.indexOf(name));
  const set = Object.entries(config)
    .filter(([name, value]) => !isDefault(name, value))
    .sort(([a], [b]) => place(a) - place(b));
  return JSON.stringify(Object.fromEntries(set));
}

function isDefault(name: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (value === DEFAULT_PROXY_CONFIG[name]) return true;
  if (KEEPS_ZERO.has(name)) return false;
  if (name === 'interceptionMode') return value === 'REDIRECT';
  if (name === 'proxyMetadata') return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
}
