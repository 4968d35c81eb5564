/**
 * A cluster while it is being put together: plain partial messages that blocks add to, encoded once at the end.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto
 */
import { type Cluster, Cluster_DiscoveryType, Cluster_LbPolicy } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import { HttpProtocolOptions } from '@envoyproxy/xds-protos/envoy/extensions/upstreams/http/v3/http_protocol_options.js';
import { toAny } from '../proto.js';

export type ClusterPartial = Parameters<typeof Cluster.fromPartial>[0];
export type HttpOptionsPartial = Parameters<typeof HttpProtocolOptions.fromPartial>[0];

export interface ClusterDraft {
  readonly name: string;
  readonly cluster: ClusterPartial;
  /** Undefined for a custom type (dynamic forward proxy). */
  discovery: Cluster_DiscoveryType | undefined;
  /** `typed_extension_protocol_options`; undefined while nothing asks for it: then Envoy speaks HTTP/1.1. */
  http: HttpOptionsPartial | undefined;
  readonly istioMetadata: Record<string, unknown>;
}

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Starts a cluster; names are also statistics names, closed by Istio's delimiter. */
export function draftCluster(name: string, discovery: Cluster_DiscoveryType | undefined): ClusterDraft {
  return { name, discovery, http: undefined, cluster: { name, altStatName: `${name};`, commonLbConfig: {} }, istioMetadata: {} };
}

/** HTTP options to write to. */
export function httpOptions(draft: ClusterDraft): HttpOptionsPartial {
  draft.http ??= {};
  return draft.http;
}

/** The finished message. */
export function finishCluster(draft: ClusterDraft): ClusterPartial {
  const { cluster, discovery } = draft;
  if (discovery !== undefined) cluster.clusterDiscoveryType = { $case: 'type', value: discovery };
  if (discovery === Cluster_DiscoveryType.ORIGINAL_DST) {
    cluster.lbPolicy = Cluster_LbPolicy.CLUSTER_PROVIDED;
    delete cluster.loadAssignment;
  }
  if (discovery === Cluster_DiscoveryType.EDS) {
    cluster.edsClusterConfig = {
      serviceName: draft.name,
      edsConfig: { configSourceSpecifier: { $case: 'ads', value: {} }, initialFetchTimeout: {}, resourceApiVersion: ApiVersion.V3 },
    };
  }
  if (draft.http !== undefined) {
    // Envoy insists on a choice here.
    draft.http.upstreamProtocolOptions ??= {
      $case: 'explicitHttpConfig',
      value: { protocolConfig: { $case: 'httpProtocolOptions', value: {} } },
    };
    cluster.typedExtensionProtocolOptions = { [HTTP_OPTIONS]: toAny(HttpProtocolOptions, draft.http) };
  }
  if (Object.keys(draft.istioMetadata).length > 0) cluster.metadata = { filterMetadata: { istio: draft.istioMetadata } };
  return cluster;
}
