/**
 * Which addresses the control plane may fetch key sets from. URLs in RequestAuthentications are written by tenants, so the control plane must
 * not be led to what only it can reach (server-side request forgery): itself, its host's links, the metadata services of clouds.
 * Private networks are open: identity providers live in them. https://www.iana.org/assignments/iana-ipv4-special-registry
 */
import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** True for an address that may be connected to. */
export type AddressGuard = (address: string) => boolean;

const FORBIDDEN: readonly string[] = [
  '0.0.0.0/8', // this host
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, and the metadata service of most clouds
  '100.100.100.200/32', // metadata of Alibaba Cloud
  '168.63.129.16/32', // Azure's host
  '192.0.0.0/24', // protocol assignments; metadata of Oracle Cloud
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '::/96', // unspecified, loopback, IPv4-compatible
  'fe80::/10', // link-local
  'fec0::/10', // site-local
  'ff00::/8', // multicast
  'fd00:ec2::/32', // metadata of AWS
  'fd20:ce::/32', // metadata of Google Cloud
  '2001::/32', // Teredo
  '2002::/16', // 6to4
  '64:ff9b:1::/48', // NAT64 of a network's own
];
/** NAT64: an IPv4 address in the last four bytes. */
const NAT64 = blockList(['64:ff9b::/96']);
const forbidden = blockList(FORBIDDEN);

/** `allowed` are addresses and CIDR blocks that are open all the same. Throws for text that is neither. */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const open = blockList(allowed);
  return (address) => {
    const family = isIP(address);
    if (family === 0 || address.includes('%')) return false;
    if (contains(open, address)) return true;
    if (family === 6 && contains(NAT64, address)) return !contains(forbidden, embedded(address));
    return !contains(forbidden, address);
  };
}

const embedded = (address: string): string => ipaddr.parse(address).toByteArray().slice(-4).join('.');

/** Also knows IPv4 addresses that are written as IPv6. */
const contains = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', length] = range.split('/');
    const family = isIP(address);
    const longest = family === 6 ? 128 : 32;
    const bits = length === undefined ? longest : Number(length);
    if (family === 0 || length === '' || !Number.isInteger(bits) || bits < 0 || bits > longest)
      throw new Error(`${JSON.stringify(range)} is no address and no CIDR block`);
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
