/**
 * `istio.alpn`, in Istio's own Envoy: by HTTP's version towards the upstream it changes the ALPN that TLS offers, so that servers of the mesh
 * know a request from a byte stream (PA-012). It passes over clusters whose metadata say `alpn_override: false`. Only what goes out has it.
 * https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
 */
import { FilterConfig, FilterConfig_Protocol as Protocol } from '@envoyproxy/xds-protos/istio/envoy/config/filter/http/alpn/v2alpha1/config.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

const filter = {
  name: 'istio.alpn',
  configType: {
    $case: 'typedConfig' as const,
    // The last name is for servers outside the mesh.
    value: toAny(FilterConfig, {
      alpnOverride: [
        { upstreamProtocol: Protocol.HTTP10, alpnOverride: ['istio-http/1.0', 'istio', 'http/1.0'] },
        { upstreamProtocol: Protocol.HTTP11, alpnOverride: ['istio-http/1.1', 'istio', 'http/1.1'] },
        { upstreamProtocol: Protocol.HTTP2, alpnOverride: ['istio-h2', 'istio', 'h2'] },
      ],
    }),
  },
};

export const istioAlpn: HttpFilter = ({ side, istioFilters = [] }) => (istioFilters.includes('alpn') && side !== 'inbound' ? filter : undefined);
