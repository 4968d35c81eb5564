/**
 * Clusters whose endpoints Envoy resolves: STRICT_DNS, LOGICAL_DNS (SD-035, SD-036, MC-021) and the dynamic forward proxy (SD-038, MC-006).
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery#strict-dns
 */
import { Cluster_DiscoveryType, Cluster_DnsLookupFamily, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { ClusterConfig } from '@envoyproxy/xds-protos/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster.js';
import { CaresDnsResolverConfig } from '@envoyproxy/xds-protos/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.js';
import { type LocalityGroup, sumOfWeights, toLocalityLbEndpoints } from '../endpoint/locality-group.js';
import { duration, toAny } from '../proto.js';
import { dnsLookupFamily, serviceDnsCache, translateDnsCache } from './dns-cache.js';
import type { ClusterDraft } from './draft.js';
import type { OutboundClusterInput } from './outbound.js';

/** Spreads the refreshes of many clusters. */
const JITTER = '100ms';
/** Queries on one UDP socket before c-ares opens another: some resolvers forget long-lived sockets. */
const UDP_MAX_QUERIES = 100;

/** Resolver settings and the names to resolve. */
export function applyDns(draft: ClusterDraft, { service, ipMode, mesh, localities }: OutboundClusterInput): void {
  const groups = draft.discovery === Cluster_DiscoveryType.LOGICAL_DNS ? onlyOne(localities) : localities;
  Object.assign(draft.cluster, {
    dnsLookupFamily: service.racesConnects === true ? Cluster_DnsLookupFamily.ALL : dnsLookupFamily(ipMode),
    typedDnsResolverConfig: {
      name: 'envoy.network.dns_resolver.cares',
      typedConfig: toAny(CaresDnsResolverConfig, { udpMaxQueries: UDP_MAX_QUERIES }),
    },
    dnsJitter: duration(JITTER),
    dnsRefreshRate: duration(mesh.dnsRefreshRate),
    respectDnsTtl: true,
    loadAssignment: { clusterName: draft.name, endpoints: toLocalityLbEndpoints(groups) },
  });
}

/** Envoy takes one endpoint for LOGICAL_DNS and refuses the cluster with more, as entries of several namespaces for one host may add up to. */
function onlyOne(localities: readonly LocalityGroup[]): readonly LocalityGroup[] {
  const first = localities.find(({ members }) => members.length > 0);
  const members = first?.members.slice(0, 1) ?? [];
  if (first === undefined) return [];
  // The share of a locality stays what it is; a mere sum shrinks with its members.
  return [{ ...first, members, weight: first.weight === sumOfWeights(first.members) ? sumOfWeights(members) : first.weight }];
}

/** HTTP options of a dynamic forward proxy: without any Envoy checks names by itself, with any it wants to be told to. */
export function checkDynamicNames({ http }: ClusterDraft): void {
  if (http !== undefined) http.upstreamHttpProtocolOptions = { autoSni: true, autoSanValidation: true, ...http.upstreamHttpProtocolOptions };
}

/** Resolves whatever host the request names. */
export function applyDynamicDns(draft: ClusterDraft, { service, ipMode, policy }: OutboundClusterInput): void {
  const { tls } = policy ?? {};
  // Envoy refuses TLS here without SNI and certificate checks by host, unless told that this is meant.
  const insecure = tls !== undefined && tls.mode !== 'DISABLE' && (tls.insecureSkipVerify === true || !!tls.sni);
  draft.cluster.lbPolicy = Cluster_LbPolicy.CLUSTER_PROVIDED;
  delete draft.cluster.commonLbConfig;
  draft.cluster.clusterDiscoveryType = {
    $case: 'clusterType',
    value: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typedConfig: toAny(ClusterConfig, {
        ...(insecure ? { allowInsecureClusterOptions: true } : {}),
        clusterImplementationSpecifier: {
          $case: 'dnsCacheConfig',
          value: translateDnsCache(serviceDnsCache(service.hostname, ipMode)),
        },
      }),
    },
  };
}
