/** DestinationRule's consistentHash on the route side: without it a RING_HASH cluster would spread at random. DR-009. */
import type {
  DeepPartial,
  RouteAction_HashPolicy,
  RouteAction_HashPolicy_Cookie,
} from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { ConsistentHashLB, Destination, DestinationRuleSpec, PortTrafficPolicy } from '../../api/istio.js';
import { duration } from '../proto.js';

type HashKey = {
  httpHeaderName?: string;
  httpCookie?: { name: string; path?: string; ttl?: string; attributes?: { name?: string; value?: string }[] };
  useSourceIp?: boolean;
  httpQueryParameterName?: string;
};

/** What to hash of a request, or undefined when the setting names nothing. */
export function hashPolicy(hash: ConsistentHashLB | undefined): DeepPartial<RouteAction_HashPolicy> | undefined {
  const key = (hash ?? {}) as HashKey;
  if (key.httpHeaderName !== undefined) return { policySpecifier: { $case: 'header', value: { headerName: key.httpHeaderName } } };
  if (key.httpCookie !== undefined) return { policySpecifier: { $case: 'cookie', value: cookie(key.httpCookie) } };
  if (key.useSourceIp !== undefined) return { policySpecifier: { $case: 'connectionProperties', value: { sourceIp: key.useSourceIp } } };
  if (key.httpQueryParameterName !== undefined) return { policySpecifier: { $case: 'queryParameter', value: { name: key.httpQueryParameterName } } };
  return undefined;
}

/** Consistent hash of a destination of a VirtualService: the subset's port, the subset, the port, the rule. */
export function hashOfDestination(rule: DestinationRuleSpec, destination: Destination): ConsistentHashLB | undefined {
  const subset = destination.subset ? rule.subsets?.find(({ name }) => name === destination.subset) : undefined;
  const port = destination.port?.number;
  return (
    (port === undefined ? undefined : atPort(subset?.trafficPolicy?.portLevelSettings, port)) ??
    subset?.trafficPolicy?.loadBalancer?.consistentHash ??
    (port === undefined ? undefined : atPort(rule.trafficPolicy?.portLevelSettings, port)) ??
    rule.trafficPolicy?.loadBalancer?.consistentHash
  );
}

/** Consistent hash of a service port that no VirtualService routes. */
export const hashOfPort = (rule: DestinationRuleSpec, port: number): ConsistentHashLB | undefined =>
  atPort(rule.trafficPolicy?.portLevelSettings, port) ?? rule.trafficPolicy?.loadBalancer?.consistentHash;

const atPort = (settings: readonly PortTrafficPolicy[] | undefined, port: number): ConsistentHashLB | undefined =>
  settings?.find((setting) => setting.port?.number === port)?.loadBalancer?.consistentHash;

function cookie(from: NonNullable<HashKey['httpCookie']>): DeepPartial<RouteAction_HashPolicy_Cookie> {
  const value: DeepPartial<RouteAction_HashPolicy_Cookie> = {
    name: from.name,
    path: from.path ?? '',
    attributes: (from.attributes ?? []).map(({ name, value: text }) => ({ name: name ?? '', value: text ?? '' })),
  };
  // A ttl makes Envoy set the cookie; 0s is a session cookie and differs from none.
  if (from.ttl !== undefined) value.ttl = duration(from.ttl);
  return value;
}
