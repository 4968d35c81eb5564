/**
 * Who owns a host (`--host-ownership strict`): a namespace owns the names of its own Kubernetes services and what the operator granted it, and
 * nothing by writing it down first. Pure. It closes what https://istio.io/latest/news/security/istio-security-2026-002/ describes.
 */
import ipaddr from 'ipaddr.js';
import { hostIsWithin } from './hosts.js';

/** Names or addresses that the operator gives to namespaces. */
export interface HostGrant {
  /** A host name, `*.suffix`, `*`, an IP address or a CIDR block. */
  readonly host: string;
  readonly namespaces: readonly string[];
}

/** Answers for one mesh. The root namespace owns everything: who writes there writes for the whole mesh. */
export interface HostOwnership {
  /** Every name that `host` stands for is the namespace's. */
  ownsHost(namespace: string, host: string): boolean;
  /** Every address of the IP or CIDR block is the namespace's. */
  ownsAddress(namespace: string, block: string): boolean;
}

type Block = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

export function hostOwnership(grants: readonly HostGrant[], { domain, rootNamespace }: { domain: string; rootNamespace: string }): HostOwnership {
  const hosts = new Map<string, string[]>();
  const blocks = new Map<string, Block[]>();
  for (const { host, namespaces } of grants) {
    const block = parseBlock(host);
    for (const namespace of namespaces) {
      if (block === undefined) append(hosts, namespace, host.toLowerCase());
      else append(blocks, namespace, block);
    }
  }
  // Not `name.namespace`: a namespace may be called like a top-level domain.
  const ownSuffixes = (namespace: string): readonly string[] => [`*.${namespace}.svc.${domain}`, `*.${namespace}.svc`];
  return {
    ownsHost(namespace, host) {
      if (namespace === rootNamespace) return true;
      const name = host.toLowerCase();
      return [...ownSuffixes(namespace), ...(hosts.get(namespace) ?? [])].some((pattern) => hostIsWithin(name, pattern));
    },
    ownsAddress(namespace, text) {
      if (namespace === rootNamespace) return true;
      const block = parseBlock(text);
      return block !== undefined && (blocks.get(namespace) ?? []).some((granted) => isInside(block, granted));
    },
  };
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** An IP is a block of one address; undefined for names. */
function parseBlock(text: string): Block | undefined {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

const isInside = ([address, bits]: Block, outer: Block): boolean =>
  address.kind() === outer[0].kind() && bits >= outer[1] && address.match(outer as [ipaddr.IPv4, number] & [ipaddr.IPv6, number]);
