/**
 * Connection pools: of DestinationRules, Sidecars and the mesh's default traffic policy.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings
 */
import type { ConnectionPoolSettings } from '../../api/istio.js';
import type { Findings } from '../findings.js';
import { duration, durationOrZero, nonNegative } from '../values.js';

const HTTP_COUNTS = ['http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection', 'maxRetries', 'maxConcurrentStreams'] as const;

export function validateConnectionPool(pool: ConnectionPoolSettings | undefined, findings: Findings): void {
  if (pool === undefined) return;
  const { http, tcp } = pool;
  if (http === undefined && tcp === undefined) return findings.error('http or tcp must be set');
  if (http !== undefined) {
    const at = findings.at('http');
    for (const field of HTTP_COUNTS) at.at(field).check(nonNegative(http[field]));
    at.at('idleTimeout').check(duration(http.idleTimeout));
    if (http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true)
      at.at('useClientProtocol').error('must not be true when h2UpgradePolicy is UPGRADE');
    const keepAlive = (http as { http2KeepAlive?: { interval?: string; timeout?: string } }).http2KeepAlive;
    for (const field of ['interval', 'timeout'] as const)
      if (keepAlive !== undefined) at.at('http2KeepAlive', field).check(keepAlive[field] === undefined ? 'is required' : duration(keepAlive[field]));
  }
  if (tcp !== undefined) {
    const at = findings.at('tcp');
    at.at('maxConnections').check(nonNegative(tcp.maxConnections));
    at.at('connectTimeout').check(duration(tcp.connectTimeout));
    at.at('maxConnectionDuration').check(duration(tcp.maxConnectionDuration));
    at.at('idleTimeout').check(durationOrZero(tcp.idleTimeout));
    at.at('tcpKeepalive', 'time').check(duration(tcp.tcpKeepalive?.time));
    at.at('tcpKeepalive', 'interval').check(duration(tcp.tcpKeepalive?.interval));
  }
}
