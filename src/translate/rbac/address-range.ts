/** IP addresses and CIDR blocks of AuthorizationPolicy as Envoy's ranges (AZ-015). */
import { isIP } from 'node:net';
import type { CidrRange } from '@envoyproxy/xds-protos/envoy/config/core/v3/address.js';
import ipaddr from 'ipaddr.js';
import type { Partial } from '../proto.js';

/** A single address is a block of one. undefined for text that is neither; validation refuses it beforehand. */
export function addressRange(text: string): Partial<CidrRange> | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return undefined;
  const longest = family === 4 ? 32 : 128;
  if (length !== undefined && !(/^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= longest)) return undefined;
  return { addressPrefix: ipaddr.parse(address).toString(), prefixLen: length === undefined ? longest : Number(length) };
}
