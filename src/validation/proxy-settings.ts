/**
 * Addresses in the ProxyConfig of a MeshConfig: a proxy with one that is none would not start, or report to nobody.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
 */
import { isIP } from 'node:net';
import type { ProxyConfig } from '../api/mesh-config.js';
import type { Findings } from './findings.js';
import { fqdn, port } from './names.js';

/** Of the node that the proxy runs on; it puts its own in. */
const HOST_IP = '$(HOST_IP)';

export function validateProxySettings(settings: ProxyConfig | undefined, findings: Findings): void {
  const check = (path: readonly string[], address: string | undefined): void => findings.at(...path).check(hostPort(address ?? ''));
  const { discoveryAddress, statsdUdpAddress, tracing, envoyMetricsService, envoyAccessLogService } = settings ?? {};
  if (discoveryAddress !== undefined) check(['discoveryAddress'], discoveryAddress);
  if (statsdUdpAddress) check(['statsdUdpAddress'], statsdUdpAddress);
  for (const tracer of ['zipkin', 'datadog'] as const) {
    const collector = tracing?.[tracer];
    if (collector !== undefined) check(['tracing', tracer, 'address'], collector.address?.replace(HOST_IP, '127.0.0.1'));
  }
  if (envoyMetricsService?.address) check(['envoyMetricsService', 'address'], envoyMetricsService.address);
  if (envoyAccessLogService?.address) check(['envoyAccessLogService', 'address'], envoyAccessLogService.address);
}

/** `host:port` or `[address]:port`. */
function hostPort(text: string): string | undefined {
  const [, host, number] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) return `'${text}' must be HOST:PORT`;
  const name = host.replace(/^\[|\]$/g, '');
  return port(Number(number)) ?? (isIP(name) === 0 ? fqdn(name) : undefined);
}
