/**
 * The DNS cache that a dynamic forward proxy cluster and the filter in front of it share (SD-038, MC-006). Envoy refuses two caches of one
 * name whose settings differ, so all users build theirs from one plain value.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/common/dynamic_forward_proxy/v3/dns_cache.proto
 */
import { Cluster_DnsLookupFamily } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { DnsCacheConfig } from '@envoyproxy/xds-protos/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache.js';
import { CaresDnsResolverConfig } from '@envoyproxy/xds-protos/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.js';
import type { IpMode } from '../../model/proxy.js';
import { buildAddress } from '../endpoint/address.js';
import { type Partial, toAny } from '../proto.js';

/** A plain value: part of listener plans. */
export interface DnsCache {
  readonly name: string;
  readonly ipMode: IpMode;
  /** Envoy's default when unset. */
  readonly maxHosts?: number;
  /** Asks the agent's resolver, which knows the mesh's names, instead of the machine's. */
  readonly asksAgent?: boolean;
}

/** Where Istio's agent answers DNS questions. */
const AGENT_RESOLVER = { address: '127.0.0.1', port: 15053 };
const MAX_UNKNOWN_HOSTS = 1024;

const LOOKUPS: Readonly<Record<IpMode, Cluster_DnsLookupFamily>> = {
  ipv4: Cluster_DnsLookupFamily.V4_ONLY,
  ipv6: Cluster_DnsLookupFamily.V6_ONLY,
  dual: Cluster_DnsLookupFamily.ALL,
  'dual-v4': Cluster_DnsLookupFamily.V4_ONLY,
  'ipv6-v4': Cluster_DnsLookupFamily.ALL,
};
/** Address families that names are resolved to. With both, Envoy tries them in turn (SD-010). */
export const dnsLookupFamily = (ipMode: IpMode): Cluster_DnsLookupFamily => LOOKUPS[ipMode];

/** Cache of one DYNAMIC_DNS service. */
export const serviceDnsCache = (hostname: string, ipMode: IpMode): DnsCache => ({ name: `${hostname}_dfp_dns_cache`, ipMode });

/** The cache of ALLOW_ANY_DYNAMIC_DNS: hosts that no service has. */
export const unknownHostsDnsCache = (scope: { readonly ipMode: IpMode; readonly dnsCapture: boolean }): DnsCache => ({
  name: 'allow_any_dfp_dns_cache',
  ipMode: scope.ipMode,
  maxHosts: MAX_UNKNOWN_HOSTS,
  ...(scope.dnsCapture ? { asksAgent: true } : {}),
});

export function translateDnsCache({ name, ipMode, maxHosts, asksAgent }: DnsCache): Partial<DnsCacheConfig> {
  return {
    name,
    dnsLookupFamily: dnsLookupFamily(ipMode),
    ...(maxHosts === undefined ? {} : { maxHosts }),
    ...(asksAgent !== true
      ? {}
      : {
          typedDnsResolverConfig: {
            name: 'envoy.network.dns_resolver.cares',
            typedConfig: toAny(CaresDnsResolverConfig, { resolvers: [buildAddress(AGENT_RESOLVER.address, AGENT_RESOLVER.port)] }),
          },
        }),
  };
}
