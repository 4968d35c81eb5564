/**
 * Addresses of endpoints and binds.
 */
import type { Address } from '@envoyproxy/xds-protos/envoy/config/core/v3/address.js';
import type { Partial } from '../proto.js';

const UNIX = 'unix://';

/** IP, host name or `unix://` path as an Envoy address. */
export function buildAddress(address: string, port: number): Partial<Address> {
  if (address.startsWith(UNIX)) return { address: { $case: 'pipe', value: { path: address.slice(UNIX.length) } } };
  return { address: { $case: 'socketAddress', value: { address, portSpecifier: { $case: 'portValue', value: port } } } };
}
