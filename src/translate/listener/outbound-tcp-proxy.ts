/**
 * What a DestinationRule says to the tcp_proxy in front of a cluster: timeouts, hashing by source address, tunnel.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
 */
import type { DestinationRuleSpec } from '../../api/istio.js';
import type { TcpProxyPlan } from './tcp-proxy.js';

type Settings = Pick<TcpProxyPlan, 'idleTimeout' | 'maxConnectionDuration' | 'hashSourceIp' | 'tunnel'>;

/** Pool timeouts are those of the rule's top level; hashing and tunnel those of the subset, when one is named. */
export function connectionSettings(rule: DestinationRuleSpec | undefined, subset: string): Settings {
  const policy = rule?.trafficPolicy;
  const ofSubset = rule?.subsets?.find(({ name }) => name === subset)?.trafficPolicy;
  const { idleTimeout, maxConnectionDuration } = policy?.connectionPool?.tcp ?? {};
  const balancer = ofSubset?.loadBalancer ?? policy?.loadBalancer;
  const tunnel = subset === '' ? policy?.tunnel : ofSubset?.tunnel;
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration }),
    ...(balancer?.consistentHash?.useSourceIp === true ? { hashSourceIp: true } : {}),
    ...(tunnel === undefined ? {} : { tunnel: { hostname: hostPort(tunnel.targetHost ?? '', tunnel.targetPort ?? 0), usePost: tunnel.protocol === 'POST' } }),
  };
}

const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
