/**
 * Resolves the host that a request names before the router sends it to a dynamic forward proxy cluster (SD-038, MC-006); requests to
 * other clusters pass untouched. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/dynamic_forward_proxy_filter
 */
import { FilterConfig } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy.js';
import type { HttpFilter as Filter } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.js';
import { type DnsCache, translateDnsCache } from '../cluster/dns-cache.js';
import { type Partial, toAny } from '../proto.js';

export const dynamicForwardProxy = (cache: DnsCache): Partial<Filter> => ({
  name: 'envoy.filters.http.dynamic_forward_proxy',
  configType: {
    $case: 'typedConfig',
    value: toAny(FilterConfig, { implementationSpecifier: { $case: 'dnsCacheConfig', value: translateDnsCache(cache) } }),
  },
});
