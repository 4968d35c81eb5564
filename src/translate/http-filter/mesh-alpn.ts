/**
 * Tells servers of the mesh that a request is HTTP, by ALPN. A detected port's cluster carries HTTP as well as byte streams and so offers the
 * same ALPN for both; Istio's proxy has a filter of its own that changes it for requests, a stock Envoy has not. Here the filter state that
 * Envoy's TLS takes an ALPN from is set from a note in the cluster's metadata, which only those clusters have.
 *
 * The list names no HTTP version, although Istio's names do: servers tell versions apart by the first bytes as long as ALPN settles nothing.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/well_known_filter_state
 */
import { Config } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

/** Key of the note in the namespace `istio` of a cluster's metadata, and what it says. */
export const HTTP_ALPN = { key: 'http_alpn', value: 'istio-http/1.1,istio' } as const;

const filter = {
  name: 'envoy.filters.http.set_filter_state',
  configType: {
    $case: 'typedConfig' as const,
    value: toAny(Config, {
      onRequestHeaders: [
        {
          key: { $case: 'objectKey', value: 'envoy.network.application_protocols' },
          value: {
            $case: 'formatString',
            value: {
              format: {
                $case: 'textFormatSource',
                value: { specifier: { $case: 'inlineString', value: `%CLUSTER_METADATA(istio:${HTTP_ALPN.key})%` } },
              },
              omitEmptyValues: true,
            },
          },
          skipIfEmpty: true,
        },
      ],
    }),
  },
};

export const meshAlpn: HttpFilter = ({ side, marksHttp = false, istioFilters = [] }) =>
  marksHttp && side !== 'inbound' && !istioFilters.includes('alpn') ? filter : undefined;
