/**
 * What clusters do for Istio's metrics of stock Envoys (TE-018): they name their service fact by fact, and tell servers of the mesh which workload
 * is calling. The header goes only to endpoints that are reached by mutual TLS, so it never leaves the mesh. It is added behind load balancing, in the
 * cluster's own filters, from what the listener noted; clusters hold nothing of one workload and stay shared.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_filters#upstream-filters
 */

import { Cluster_DiscoveryType } from '@envoyproxy/xds-protos/envoy/config/cluster/v3/cluster.js';
import { HeaderValueOption_HeaderAppendAction } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { HeaderMutation } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/header_mutation/v3/header_mutation.js';
import { UpstreamCodec } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec.js';
import { isDetected, isHttp, isHttp2, type Protocol } from '../../model/protocol.js';
import { toAny } from '../proto.js';
import { NOTE, PEER_HEADER, SELF } from '../stats-log/peer-header.js';
import { UNKNOWN } from '../stats-log/workload-facts.js';
import { type ClusterDraft, type ClusterPartial, httpOptions } from './draft.js';
import { serviceFacts } from './metadata.js';
import type { OutboundClusterInput } from './outbound.js';

/** Adds to an outbound cluster what metrics need. */
export function applyMetricFacts(draft: ClusterDraft, input: OutboundClusterInput): void {
  Object.assign(draft.istioMetadata, serviceFacts(input.service));
  if (!mayBeMutualTls(input) || !carriesHttp(input.port.protocol)) return;
  httpOptions(draft).httpFilters = draft.discovery === Cluster_DiscoveryType.ORIGINAL_DST ? ALWAYS : BY_ENDPOINT;
}

/** A cluster without a service under its own name, as in the reference. */
export const namedForMetrics = (cluster: ClusterPartial): ClusterPartial => ({
  ...cluster,
  metadata: {
    filterMetadata: { ...cluster.metadata?.filterMetadata, istio: { service_host: UNKNOWN, service_name: cluster.name, service_namespace: UNKNOWN } },
  },
});

/**
 * TLS that passes through unread has no requests, and what a rule originates goes to strangers. Services outside the mesh are told nothing either:
 * proxyHeaders.metadataExchangeHeaders is IN_MESH for everyone here (PC-013).
 */
const mayBeMutualTls = ({ service, sniDnat, policy, autoMutualTls }: OutboundClusterInput): boolean =>
  !sniDnat && !service.meshExternal && (policy?.tls === undefined ? autoMutualTls : policy.tls.mode === 'ISTIO_MUTUAL');

const carriesHttp = (protocol: Protocol): boolean => isHttp(protocol) || isHttp2(protocol) || isDetected(protocol);

const filters = (value: string) => [
  {
    name: 'envoy.filters.http.header_mutation',
    configType: {
      $case: 'typedConfig' as const,
      value: toAny(HeaderMutation, {
        mutations: {
          requestMutations: [
            {
              action: {
                $case: 'append',
                value: {
                  header: { key: PEER_HEADER, value },
                  appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
                },
              },
            },
          ],
        },
      }),
    },
  },
  { name: 'envoy.filters.http.upstream_codec', configType: { $case: 'typedConfig' as const, value: toAny(UpstreamCodec, {}) } },
];

const MUTUAL_TLS = "xds.upstream_host_metadata.filter_metadata['envoy.transport_socket_match']['tlsMode'] == 'istio'";
/** An empty value adds no header. */
const BY_ENDPOINT = filters(`%CEL(${MUTUAL_TLS} ? metadata.filter_metadata['${SELF}']['${NOTE}'] : '')%`);
/** Where all endpoints are reached by mutual TLS, and the original destination carries no metadata. */
const ALWAYS = filters(`%DYNAMIC_METADATA(${SELF}:${NOTE})%`);
