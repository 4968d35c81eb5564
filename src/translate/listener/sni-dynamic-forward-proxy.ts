/**
 * Resolves the SNI of a TLS stream before tcp_proxy sends it to a dynamic forward proxy cluster (SD-038).
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/sni_dynamic_forward_proxy_filter
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { FilterConfig } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy.js';
import { type DnsCache, translateDnsCache } from '../cluster/dns-cache.js';
import { type Partial, toAny } from '../proto.js';

/** A plain value: part of listener plans. */
export interface SniResolution {
  readonly cache: DnsCache;
  readonly port: number;
}

export const sniDynamicForwardProxy = ({ cache, port }: SniResolution): Partial<Filter> => ({
  name: 'envoy.extensions.filters.network.sni_dynamic_forward_proxy',
  configType: {
    $case: 'typedConfig',
    value: toAny(FilterConfig, { dnsCacheConfig: translateDnsCache(cache), portSpecifier: { $case: 'portValue', value: port } }),
  },
});
