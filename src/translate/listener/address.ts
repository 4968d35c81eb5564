/**
 * Addresses of listeners: which IPs stand for "any" and "this host" by the proxy's IP families, listener names, and Envoy's Address.
 * Envoy-shapes §1: IPv6-only proxies use `::` and `::1`; dual-stack ones bind both, IPv4 first.
 */
import { type Address, SocketAddress_Protocol as SocketProtocol } from '@envoyproxy/xds-protos/envoy/config/core/v3/address.js';
import type { AdditionalAddress, Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { IpMode } from '../../model/proxy.js';
import type { Partial } from '../proto.js';

const WILDCARDS: Readonly<Record<IpMode, readonly string[]>> = {
  ipv4: ['0.0.0.0'],
  ipv6: ['::'],
  dual: ['0.0.0.0', '::'],
  'dual-v4': ['0.0.0.0', '::'],
  'ipv6-v4': ['::'],
};
const LOCALHOSTS: Readonly<Record<IpMode, readonly string[]>> = {
  ipv4: ['127.0.0.1'],
  ipv6: ['::1'],
  dual: ['127.0.0.1', '::1'],
  'dual-v4': ['127.0.0.1', '::1'],
  'ipv6-v4': ['::1'],
};

/** Addresses that bind to every interface; the first one is in listener names. */
export const wildcards = (ipMode: IpMode): readonly string[] => WILDCARDS[ipMode];
/** The same for listeners that traffic is redirected to, and for gateways'. */
export const capturedWildcards = (ipMode: IpMode): readonly string[] => (ipMode === 'dual-v4' ? ['0.0.0.0'] : WILDCARDS[ipMode]);
/** Where all that leaves a workload arrives first. */
export const outboundWildcards = (ipMode: IpMode): readonly string[] => (ipMode === 'ipv6-v4' ? ['::', '0.0.0.0'] : capturedWildcards(ipMode));
export const wildcard = (ipMode: IpMode): string => WILDCARDS[ipMode][0] as string;
export const localhosts = (ipMode: IpMode): readonly string[] => LOCALHOSTS[ipMode];

export const isUnixSocket = (bind: string): boolean => bind.startsWith('unix://');

/** `0.0.0.0_80`, `unix:///tmp/a.sock_0`: also the name in statistics. */
export const listenerName = (bind: string, port: number): string => `${bind}_${port}`;

export function address(bind: string, port: number, protocol = SocketProtocol.TCP): Partial<Address> {
  if (isUnixSocket(bind)) return { address: { $case: 'pipe', value: { path: bind.slice('unix://'.length) } } };
  return { address: { $case: 'socketAddress', value: { protocol, address: bind, portSpecifier: { $case: 'portValue', value: port } } } };
}

/** The `address` and `additionalAddresses` fields of a listener that binds to all of `binds`. */
export function addresses(
  binds: readonly string[],
  port: number,
  protocol = SocketProtocol.TCP,
): { address: Partial<Address>; additionalAddresses?: Partial<AdditionalAddress>[] } {
  const [first = '0.0.0.0', ...more] = binds;
  if (more.length === 0) return { address: address(first, port, protocol) };
  return { address: address(first, port, protocol), additionalAddresses: more.map((bind) => ({ address: address(bind, port, protocol) })) };
}

/** Whether workers share the connections of a listener evenly, at the price of a lock (PC-026). */
export const connectionBalance = ({ exactBalance }: { readonly exactBalance?: true }): Partial<Pick<Listener, 'connectionBalanceConfig'>> =>
  exactBalance === true ? { connectionBalanceConfig: { balanceType: { $case: 'exactBalance', value: {} } } } : {};
