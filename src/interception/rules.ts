/**
 * The iptables rules that lead a pod's TCP traffic through its proxy (IN-007, IN-027), as input of `iptables-restore --noflush`. Chains and their
 * order are Istio's, so that whoever looks for them finds them. https://istio.io/latest/docs/ops/deployment/application-requirements/
 */
import ipaddr from 'ipaddr.js';

/** What to redirect. Lists as users write them: commas, and `*` for everything. */
export interface Interception {
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** The proxy's user: what it sends is left alone. */
  readonly uid: number;
  readonly includeOutboundRanges: readonly string[] | '*';
  readonly excludeOutboundRanges: readonly string[];
  readonly includeInboundPorts: readonly number[] | '*';
  readonly excludeInboundPorts: readonly number[];
  readonly includeOutboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  /** Virtual machines and containers behind these send as if they were the pod. */
  readonly reroutedInterfaces: readonly string[];
  readonly excludedInterfaces: readonly string[];
}

export type IpFamily = 'v4' | 'v6';

/** The proxy connects from there to the pod's own applications. */
const OWN_SOURCE = { v4: '127.0.0.6/32', v6: '::6/128' } as const;
const LOOPBACK = { v4: '127.0.0.1/32', v6: '::1/128' } as const;
/** Tunnels come to the proxy as they are. */
const TUNNEL = 15008;

/** The jumps into our chains; a table that has one of them has all, and must not get them again. */
export const JUMP = '-A OUTPUT -p tcp -j ISTIO_OUTPUT';

/** @param hasJumps whether the table has them from an earlier time */
export function natRules(wanted: Interception, family: IpFamily, hasJumps = false): string {
  const jumps = hasJumps ? [] : [...excluded(wanted), ...rerouted(wanted, family), '-A PREROUTING -p tcp -j ISTIO_INBOUND', JUMP];
  return [
    '*nat',
    // Declared again, a chain is emptied: the same rules a second time are the same rules.
    ...['ISTIO_REDIRECT', 'ISTIO_IN_REDIRECT', 'ISTIO_INBOUND', 'ISTIO_OUTPUT'].map((chain) => `:${chain} - [0:0]`),
    `-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports ${wanted.outboundPort}`,
    `-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports ${wanted.inboundPort}`,
    ...inbound(wanted),
    ...outbound(wanted, family),
    ...jumps,
    'COMMIT',
    '',
  ].join('\n');
}

function excluded({ excludedInterfaces }: Interception): string[] {
  return excludedInterfaces.flatMap((name) => [`-A PREROUTING -i ${name} -j RETURN`, `-A OUTPUT -o ${name} -j RETURN`]);
}

/** What comes in from a virtual interface goes out of the pod. */
function rerouted({ reroutedInterfaces, includeOutboundRanges }: Interception, family: IpFamily): string[] {
  const ranges = includeOutboundRanges === '*' ? [''] : ofFamily(includeOutboundRanges, family).map((range) => ` -d ${range}`);
  return reroutedInterfaces.flatMap((name) => [
    ...ranges.map((range) => `-A PREROUTING -i ${name}${range} -p tcp -j ISTIO_REDIRECT`),
    `-A PREROUTING -i ${name} -j RETURN`,
  ]);
}

function inbound({ includeInboundPorts, excludeInboundPorts }: Interception): string[] {
  const chain = '-A ISTIO_INBOUND -p tcp';
  const tunnel = `${chain} --dport ${TUNNEL} -j RETURN`;
  if (includeInboundPorts !== '*') return [tunnel, ...includeInboundPorts.map((port) => `${chain} --dport ${port} -j ISTIO_IN_REDIRECT`)];
  return [tunnel, ...excludeInboundPorts.map((port) => `${chain} --dport ${port} -j RETURN`), `${chain} -j ISTIO_IN_REDIRECT`];
}

function outbound(wanted: Interception, family: IpFamily): string[] {
  const { uid, includeOutboundRanges, excludeOutboundRanges, includeOutboundPorts, excludeOutboundPorts } = wanted;
  const chain = '-A ISTIO_OUTPUT';
  const ranges = includeOutboundRanges === '*' ? [`${chain} -j ISTIO_REDIRECT`] : [];
  return [
    ...excludeOutboundPorts.map((port) => `${chain} -p tcp --dport ${port} -j RETURN`),
    `${chain} -s ${OWN_SOURCE[family]} -o lo -j RETURN`,
    // The proxy calls a service of its own pod: as if it came from outside.
    `${chain} ! -d ${LOOPBACK[family]} -o lo -p tcp ! --dport ${TUNNEL} -m owner --uid-owner ${uid} -j ISTIO_IN_REDIRECT`,
    // Applications talk with each other, within the pod.
    `${chain} -o lo -m owner ! --uid-owner ${uid} -j RETURN`,
    `${chain} -m owner --uid-owner ${uid} -j RETURN`,
    `${chain} -d ${LOOPBACK[family]} -j RETURN`,
    ...ofFamily(excludeOutboundRanges, family).map((range) => `${chain} -d ${range} -j RETURN`),
    ...includeOutboundPorts.map((port) => `${chain} -p tcp --dport ${port} -j ISTIO_REDIRECT`),
    ...ranges,
    ...(includeOutboundRanges === '*' ? [] : ofFamily(includeOutboundRanges, family).map((range) => `${chain} -d ${range} -j ISTIO_REDIRECT`)),
  ];
}

const ofFamily = (ranges: readonly string[], family: IpFamily): string[] =>
  ranges.filter((range) => (ipaddr.parseCIDR(range)[0].kind() === 'ipv6') === (family === 'v6'));
