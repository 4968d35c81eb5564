/**
 * What cluster views share: encoding, and the one setting of the proxy's own that reaches clusters.
 */
import { Cluster } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import type { Mesh } from '../model/mesh.js';
import type { ClusterPartial } from '../translate/cluster/draft.js';
import { effectiveProxyConfig } from '../translate/listener/settings.js';
import { type EncodedResource, encodeResource } from './encode.js';

/** Encodes a cluster under its name. */
export const encodeCluster = (cluster: ClusterPartial): EncodedResource => encodeResource(Cluster, cluster.name ?? '', cluster);

/** The proxy's own ProxyConfig, else the mesh's (proxyHeaders.preserveHttp1HeaderCase). */
export const keepsHeaderCase = (mesh: Mesh, proxyConfig: string): boolean =>
  effectiveProxyConfig(mesh.config(), proxyConfig).proxyHeaders?.preserveHttp1HeaderCase === true;
