/**
 * What a DestinationRule says to the tcp_proxy in front of a cluster: timeouts, hashing by source address, tunnel.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
 */
import type { DestinationRuleSpec } from '../../api/istio.js';
import type { TcpProxyPlan } from './tcp-proxy.js';

type Settings = Pick<TcpProxyPlan, 'idleTimeout' | 'maxConnectionDuration' | 'hashSourceIp' | 'tunnel'>;

/**
 * The fields read here, spelled out: the API's types are unions of all combinations that its schema allows, and to join two of those
 * takes the compiler gigabytes.
 */
interface Policy {
  readonly connectionPool?: { readonly tcp?: { readonly idleTimeout?: string; readonly maxConnectionDuration?: string } };
  readonly loadBalancer?: { readonly consistentHash?: { readonly useSourceIp?: boolean } };
  readonly tunnel?: { readonly protocol?: string; readonly targetHost?: string; readonly targetPort?: number };
}

interface Rule {
  readonly trafficPolicy?: Policy;
  readonly subsets?: readonly { readonly name?: string; readonly trafficPolicy?: Policy }[];
}

/** Pool timeouts are those of the rule's top level; hashing and tunnel those of the subset, when one is named. */
export function connectionSettings(spec: DestinationRuleSpec | undefined, subset: string): Settings {
  const rule = spec as unknown as Rule | undefined;
  const policy = rule?.trafficPolicy;
  const ofSubset = rule?.subsets?.find(({ name }) => name === subset)?.trafficPolicy;
  const { idleTimeout, maxConnectionDuration } = policy?.connectionPool?.tcp ?? {};
  const balancer = ofSubset?.loadBalancer ?? policy?.loadBalancer;
  const tunnel = subset === '' ? policy?.tunnel : ofSubset?.tunnel;
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration }),
    ...(balancer?.consistentHash?.useSourceIp === true ? { hashSourceIp: true } : {}),
    ...(tunnel === undefined
      ? {}
      : { tunnel: { hostname: hostPort(tunnel.targetHost ?? '', tunnel.targetPort ?? 0), usePost: tunnel.protocol === 'POST' } }),
  };
}

const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
