/**
 * AUTO_PASSTHROUGH: the SNI of the mesh's mutual TLS names the cluster, so every service of the mesh gets a chain per port and subset (GW-008).
 * Only clients that offer Istio's ALPN are let through, and the clusters have only endpoints with mutual TLS: nothing can be reached in plain text.
 * https://istio.io/latest/docs/ops/configuration/traffic-management/multicluster/
 */
import type { DestinationRuleSpec, Server } from '../../api/istio.js';
import { bareHosts } from '../../model/gateway-server.js';
import { hostIsWithin } from '../../model/hosts.js';
import { outboundSni } from '../../model/names.js';
import type { Protocol } from '../../model/protocol.js';
import type { Port, Service } from '../../model/service.js';
import { statName } from '../cluster/stat-name.js';
import { connectionSettings } from '../listener/outbound-tcp-proxy.js';
import type { TcpProxyPlan } from '../listener/tcp-proxy.js';

export const MUTUAL_TLS_ALPN = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'] as const;

export interface AutoPassthroughContext {
  readonly outboundStatName: string;
  readonly rule: (service: Service) => DestinationRuleSpec | undefined;
  /** All services that the gateway sees, in a stable order. */
  readonly services: () => readonly Service[];
}

/** One destination; `cluster` is the SNI too. */
export interface SniCluster {
  readonly cluster: string;
  /** Of the service: extensions may be for some ports. */
  readonly port: number;
  readonly protocol: Protocol;
  readonly proxy: TcpProxyPlan;
}

export function autoPassthrough(server: Server, context: AutoPassthroughContext): readonly SniCluster[] {
  const hosts = bareHosts(server);
  const reachable = context.services().filter(({ meshExternal, resolution, hostname }) => {
    // Envoy matches whole labels of an SNI: no client can mean the many hosts of a wildcard by one.
    return !meshExternal && resolution !== 'Alias' && !hostname.startsWith('*') && hosts.some((host) => hostIsWithin(hostname, host));
  });
  return reachable.flatMap((service) => {
    const rule = context.rule(service);
    const subsets = ['', ...(rule?.subsets ?? []).map(({ name }) => name)];
    return service.ports
      .filter(({ protocol }) => protocol !== 'UDP')
      .flatMap((port) => subsets.map((subset) => sniCluster(service, port, subset, rule, context.outboundStatName)));
  });
}

function sniCluster(service: Service, port: Port, subset: string, rule: DestinationRuleSpec | undefined, pattern: string): SniCluster {
  const cluster = outboundSni(service.hostname, port.port, subset);
  const statPrefix = pattern === '' ? cluster : statName(pattern, { service, port, subset, targetPort: 0 });
  const { tunnel: _, ...settings } = connectionSettings(rule, subset);
  return { cluster, port: port.port, protocol: port.protocol, proxy: { to: cluster, statPrefix, ...settings } };
}
