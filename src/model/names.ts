/**
 * Resource names: built and parsed here only. They are compatibility surface (dashboards, EnvoyFilters, access logs). envoy-shapes §5, §7.
 */

export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster';
export const PASSTHROUGH_CLUSTER = 'PassthroughCluster';
export const ALLOW_ANY_DYNAMIC_DNS_CLUSTER = 'AllowAnyDynamicDNSCluster';
export const INBOUND_PASSTHROUGH_CLUSTER = 'InboundPassthroughCluster';
export const VIRTUAL_OUTBOUND = 'virtualOutbound';
export const VIRTUAL_INBOUND = 'virtualInbound';
/** SDS names of the workload's own certificate and of the trust bundle. */
export const WORKLOAD_CERTIFICATE = 'default';
export const ROOT_CERTIFICATE = 'ROOTCA';

export interface OutboundName {
  readonly port: number;
  /** '' without a subset. */
  readonly subset: string;
  readonly hostname: string;
}

/** `outbound|80|v1|reviews.default.svc.cluster.local`; also the name of the cluster's load assignment. */
export const outboundClusterName = (hostname: string, port: number, subset = ''): string => `outbound|${port}|${subset}|${hostname}`;

/** `outbound_.80_.v1_.reviews…`: SNI of mutual TLS, and the cluster name behind AUTO_PASSTHROUGH gateways. */
export const outboundSni = (hostname: string, port: number, subset = ''): string => `outbound_.${port}_.${subset}_.${hostname}`;

/** `inbound|8080||`: keyed by target port. */
export const inboundClusterName = (targetPort: number): string => `inbound|${targetPort}||`;

/** Parses either outbound form; undefined for anything else. */
export function parseOutboundName(name: string): OutboundName | undefined {
  const separator = name.startsWith('outbound|') ? '|' : name.startsWith('outbound_.') ? '_.' : undefined;
  if (separator === undefined) return undefined;
  const first = name.indexOf(separator);
  const second = name.indexOf(separator, first + separator.length);
  const third = second < 0 ? -1 : name.indexOf(separator, second + separator.length);
  if (third < 0) return undefined;
  const port = Number(name.slice(first + separator.length, second));
  const hostname = name.slice(third + separator.length);
  if (!Number.isInteger(port) || hostname === '') return undefined;
  return { port, subset: name.slice(second + separator.length, third), hostname };
}
