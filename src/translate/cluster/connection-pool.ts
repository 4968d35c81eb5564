/**
 * connectionPool → circuit breakers, timeouts and HTTP options (DR-017, DR-018, DR-030, MC-015, MC-016). Also used for inbound and passthrough clusters.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
 */
import type { ConnectionPoolSettings, TrafficPolicy } from '../../api/istio.js';
import type { EffectiveMeshConfig, TcpKeepalive } from '../../api/mesh-config.js';
import { duration, parseDuration } from '../proto.js';
import { type ClusterDraft, httpOptions } from './draft.js';
import { useClientProtocol } from './upstream-protocol.js';

/** Istio's "no limit": Envoy's own defaults (1024, 3 retries) are too low for a mesh. */
const UNLIMITED = 0xffffffff;

type HttpPool = NonNullable<ConnectionPoolSettings['http']> & { http2KeepAlive?: { interval?: string; timeout?: string } };
/** The generated types are older than the interval. */
type RetryBudget = NonNullable<TrafficPolicy['retryBudget']> & { readonly budgetInterval?: string };

/** Every cluster gets this block, also without settings. A zero in a rule means "unset", as in the reference. */
export function applyConnectionPool(
  draft: ClusterDraft,
  pool: ConnectionPoolSettings | undefined,
  mesh: EffectiveMeshConfig,
  retryBudget?: RetryBudget,
): void {
  const tcp = pool?.tcp;
  const http = pool?.http as HttpPool | undefined;
  draft.cluster.connectTimeout = duration(tcp?.connectTimeout ?? mesh.connectTimeout);
  draft.cluster.circuitBreakers = {
    thresholds: [
      {
        maxConnections: tcp?.maxConnections || UNLIMITED,
        maxPendingRequests: http?.http1MaxPendingRequests || UNLIMITED,
        maxRequests: http?.http2MaxRequests || UNLIMITED,
        maxRetries: http?.maxRetries || UNLIMITED,
        ...(retryBudget === undefined
          ? {}
          : {
              retryBudget: {
                budgetPercent: { value: retryBudget.percent ?? 20 },
                ...(retryBudget.budgetInterval ? { budgetInterval: duration(retryBudget.budgetInterval) } : {}),
                minRetryConcurrency: retryBudget.minRetryConcurrency || 3,
              },
            }),
      },
    ],
  };
  applyKeepalive(draft, mesh.tcpKeepalive);
  applyKeepalive(draft, tcp?.tcpKeepalive);
  applyHttpLimits(draft, http, http?.idleTimeout ?? tcp?.idleTimeout, tcp?.maxConnectionDuration);
  if (http?.useClientProtocol) useClientProtocol(draft);
}

function applyHttpLimits(draft: ClusterDraft, http: HttpPool | undefined, idleTimeout: string | undefined, maxDuration: string | undefined): void {
  const keepAlive = http?.http2KeepAlive;
  if (!idleTimeout && !maxDuration && !http?.maxRequestsPerConnection && !http?.maxConcurrentStreams && !keepAlive) return;
  const options = httpOptions(draft);
  options.commonHttpProtocolOptions = {
    ...(idleTimeout ? { idleTimeout: duration(idleTimeout) } : {}),
    ...(http?.maxRequestsPerConnection ? { maxRequestsPerConnection: http.maxRequestsPerConnection } : {}),
    ...(maxDuration ? { maxConnectionDuration: duration(maxDuration) } : {}),
  };
  // Stream limits and pings exist only where HTTP/2 is certain.
  const chosen = options.upstreamProtocolOptions;
  const explicit = chosen?.$case === 'explicitHttpConfig' ? chosen.value?.protocolConfig : undefined;
  if (explicit?.$case !== 'http2ProtocolOptions') return;
  explicit.value = {
    ...explicit.value,
    ...(http?.maxConcurrentStreams ? { maxConcurrentStreams: http.maxConcurrentStreams } : {}),
    ...(keepAlive
      ? {
          connectionKeepalive: {
            ...(keepAlive.interval ? { interval: duration(keepAlive.interval) } : {}),
            ...(keepAlive.timeout ? { timeout: duration(keepAlive.timeout) } : {}),
          },
        }
      : {}),
  };
}

/** Field by field over what the mesh set; Envoy wants whole seconds. */
function applyKeepalive(draft: ClusterDraft, keepalive: TcpKeepalive | undefined): void {
  if (keepalive === undefined || keepalive === null) return;
  draft.cluster.upstreamConnectionOptions = {
    tcpKeepalive: {
      ...draft.cluster.upstreamConnectionOptions?.tcpKeepalive,
      ...(keepalive.probes ? { keepaliveProbes: keepalive.probes } : {}),
      ...(keepalive.time === undefined ? {} : { keepaliveTime: seconds(keepalive.time) }),
      ...(keepalive.interval === undefined ? {} : { keepaliveInterval: seconds(keepalive.interval) }),
    },
  };
}

const seconds = (text: string): number => Math.trunc((parseDuration(text) ?? 0) / 1e9);
