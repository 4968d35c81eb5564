/** Routes that no VirtualService wrote: a service's own and the catch-alls. VS-042, SC-009, MC-006; envoy-shapes §7. */
import type { ConsistentHashLB, HTTPRetry } from '../../api/istio.js';
import { ALLOW_ANY_DYNAMIC_DNS_CLUSTER, outboundClusterName, PASSTHROUGH_CLUSTER } from '../../model/names.js';
import { hashPolicy } from './hash-policy.js';
import { retryPolicy } from './retries.js';
import type { RouteDraft } from './route-block.js';
import { NO_TIMEOUT } from './timeout.js';

/** Everything to one service port. The retry policy stays the ordinary one even when the service hashes. */
export function defaultRoute(hostname: string, port: number, hash: ConsistentHashLB | undefined, retries: HTTPRetry | undefined): RouteDraft {
  const policy = hashPolicy(hash);
  return {
    name: 'default',
    match: { pathSpecifier: { $case: 'prefix', value: '/' } },
    decorator: { operation: `${authority(hostname, port)}/*` },
    action: {
      $case: 'route',
      value: {
        clusterSpecifier: { $case: 'cluster', value: outboundClusterName(hostname, port) },
        ...NO_TIMEOUT,
        retryPolicy: retryPolicy(retries, false),
        hashPolicy: policy === undefined ? [] : [policy],
      },
    },
  };
}

/** What a sidecar does with requests for unknown hosts. */
export type CatchAll = 'allow_any' | 'block_all' | 'allow_any_dynamic_dns';

const CATCH_ALLS: Readonly<Record<OutboundPolicy, CatchAll>> = {
  ALLOW_ANY: 'allow_any',
  REGISTRY_ONLY: 'block_all',
  ALLOW_ANY_DYNAMIC_DNS: 'allow_any_dynamic_dns',
};
export type OutboundPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY' | 'ALLOW_ANY_DYNAMIC_DNS';
export const catchAllOf = (policy: OutboundPolicy): CatchAll => CATCH_ALLS[policy];

/** The last virtual host's only route. `egressProxy` is a cluster that replaces the passthrough. */
export function catchAllRoute(kind: CatchAll, appendXForwardedHost: boolean, egressProxy: string = PASSTHROUGH_CLUSTER): RouteDraft {
  const match: RouteDraft['match'] = { pathSpecifier: { $case: 'prefix', value: '/' } };
  if (kind === 'block_all') return { name: kind, match, action: { $case: 'directResponse', value: { status: 502 } } };
  const cluster = kind === 'allow_any_dynamic_dns' ? ALLOW_ANY_DYNAMIC_DNS_CLUSTER : egressProxy;
  return {
    name: kind,
    match,
    action: { $case: 'route', value: { clusterSpecifier: { $case: 'cluster', value: cluster }, ...NO_TIMEOUT, appendXForwardedHost } },
  };
}

/** `host:port` with IPv6 addresses in brackets. */
export const authority = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
