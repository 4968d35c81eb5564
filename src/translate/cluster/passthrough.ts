/**
 * Clusters that every proxy has: nowhere (BlackHoleCluster) and wherever the client wanted to go (PassthroughCluster and its inbound twin).
 * MC-006, DR-032; envoy-shapes §5. https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery#original-destination
 */
import { Cluster_DiscoveryType, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { ClusterConfig } from '@envoyproxy/xds-protos/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster.js';
import type { ConnectionPoolSettings } from '../../api/istio.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { CertificateSource } from '../../model/certificate-source.js';
import { ALLOW_ANY_DYNAMIC_DNS_CLUSTER, BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER } from '../../model/names.js';
import { hasBothFamilies, hasOnlyIpv6, type IpMode } from '../../model/proxy.js';
import { duration, toAny } from '../proto.js';
import { applyConnectionPool } from './connection-pool.js';
import { checkDynamicNames } from './dns.js';
import { type DnsCache, translateDnsCache } from './dns-cache.js';
import { type ClusterDraft, type ClusterPartial, draftCluster, finishCluster } from './draft.js';
import { originateToUnknownHosts } from './transport-socket.js';
import { preserveCase } from './upstream-protocol.js';

/** Source address of a proxy's connections to its own workload: iptables rules recognise it and do not loop it back. */
export const INBOUND_BIND_IPV4 = '127.0.0.6';
export const INBOUND_BIND_IPV6 = '::6';

/** Idle connections to unknown places are closed early. */
const IDLE_TIMEOUT = '300s';

/** An address to bind to, any port. */
export const bindTo = (address: string) => ({ address, portSpecifier: { $case: 'portValue' as const, value: 0 } });

/** No endpoints: requests fail at once. */
export const blackHoleCluster = (mesh: EffectiveMeshConfig): ClusterPartial => ({
  name: BLACK_HOLE_CLUSTER,
  altStatName: `${BLACK_HOLE_CLUSTER};`,
  clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.STATIC },
  connectTimeout: duration(mesh.connectTimeout),
});

/** Traffic to places the mesh does not know. */
export const passthroughCluster = (mesh: EffectiveMeshConfig, keepHeaderCase: boolean): ClusterPartial =>
  finishCluster(draftPassthrough(PASSTHROUGH_CLUSTER, mesh, keepHeaderCase, mesh.defaultTrafficPolicy?.connectionPool));

/** Traffic to ports of the workload that no service names. Its statistics share PassthroughCluster's name, as in the reference. */
export function inboundPassthroughCluster(mesh: EffectiveMeshConfig, ipMode: IpMode, keepHeaderCase: boolean): ClusterPartial {
  const draft = draftPassthrough(INBOUND_PASSTHROUGH_CLUSTER, mesh, keepHeaderCase, mesh.defaultTrafficPolicy?.connectionPool);
  draft.cluster.upstreamBindConfig = {
    sourceAddress: bindTo(hasOnlyIpv6(ipMode) ? INBOUND_BIND_IPV6 : INBOUND_BIND_IPV4),
    ...(hasBothFamilies(ipMode) ? { extraSourceAddresses: [{ address: bindTo(INBOUND_BIND_IPV6) }] } : {}),
  };
  return finishCluster(draft);
}

/** ALLOW_ANY_DYNAMIC_DNS: unknown HTTP hosts are resolved by the proxy itself. */
export function allowAnyDynamicDnsCluster(
  mesh: EffectiveMeshConfig,
  cache: DnsCache,
  keepHeaderCase: boolean,
  certificates: CertificateSource,
): ClusterPartial {
  const { tls } = mesh.outboundTrafficPolicy;
  const isTls = tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL';
  // The mesh's default pool is not for this cluster, as in the reference.
  const draft = draftPassthrough(ALLOW_ANY_DYNAMIC_DNS_CLUSTER, mesh, keepHeaderCase, undefined);
  draft.discovery = undefined;
  draft.cluster.altStatName = `${ALLOW_ANY_DYNAMIC_DNS_CLUSTER};`;
  draft.cluster.lbPolicy = Cluster_LbPolicy.CLUSTER_PROVIDED;
  draft.cluster.clusterDiscoveryType = {
    $case: 'clusterType',
    value: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typedConfig: toAny(ClusterConfig, {
        // Envoy asks for checks of names where there is TLS to check.
        ...(isTls && !tls.sni && tls.insecureSkipVerify !== true ? {} : { allowInsecureClusterOptions: true }),
        clusterImplementationSpecifier: { $case: 'dnsCacheConfig', value: translateDnsCache(cache) },
      }),
    },
  };
  if (isTls) {
    // As in the reference: HTTP/1.1, with the pool of any cluster.
    draft.http = {};
    originateToUnknownHosts(draft, tls, certificates, mesh);
    checkDynamicNames(draft);
  }
  return finishCluster(draft);
}

function draftPassthrough(name: string, mesh: EffectiveMeshConfig, keepHeaderCase: boolean, pool: ConnectionPoolSettings | undefined): ClusterDraft {
  const draft = draftCluster(name, Cluster_DiscoveryType.ORIGINAL_DST);
  delete draft.cluster.commonLbConfig;
  draft.cluster.altStatName = `${PASSTHROUGH_CLUSTER};`;
  applyConnectionPool(draft, pool, mesh);
  draft.http = {
    commonHttpProtocolOptions: { idleTimeout: duration(IDLE_TIMEOUT) },
    upstreamProtocolOptions: {
      $case: 'useDownstreamProtocolConfig',
      value: { httpProtocolOptions: keepHeaderCase ? preserveCase() : {}, http2ProtocolOptions: {} },
    },
  };
  return draft;
}
