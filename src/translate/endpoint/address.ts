/**
 * Addresses of endpoints and binds.
 */
import type { Address } from '@envoyproxy/xds-protos/envoy/config/core/v3/address.js';
import type { Partial } from '../proto.js';

const UNIX = 'unix://';

/** IP, host name, `unix://` path or bare path as an Envoy address. */
export function buildAddress(address: string, port: number): Partial<Address> {
  const path = address.startsWith(UNIX) ? address.slice(UNIX.length) : address;
  if (path !== address || path.startsWith('/')) return { address: { $case: 'pipe', value: { path } } };
  return { address: { $case: 'socketAddress', value: { address, portSpecifier: { $case: 'portValue', value: port } } } };
}
