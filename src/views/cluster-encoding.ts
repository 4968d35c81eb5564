/**
 * What cluster views share: encoding, and the one setting of the proxy's own that reaches clusters.
 */
import { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { Mesh } from '../model/mesh.js';
import type { ClusterPartial } from '../translate/cluster/draft.js';
import { type EncodedResource, encodeResource } from './encode.js';

/** Encodes a cluster under its name. */
export const encodeCluster = (cluster: ClusterPartial): EncodedResource => encodeResource(Cluster, cluster.name ?? '', cluster);

/** The proxy's own ProxyConfig, else the mesh's (proxyHeaders.preserveHttp1HeaderCase). */
export function keepsHeaderCase(mesh: Mesh, proxyConfig: string): boolean {
  const own = proxyConfig === '' ? undefined : (JSON.parse(proxyConfig) as { proxyHeaders?: { preserveHttp1HeaderCase?: boolean } });
  return (own?.proxyHeaders?.preserveHttp1HeaderCase ?? mesh.config().defaultConfig.proxyHeaders?.preserveHttp1HeaderCase) === true;
}
