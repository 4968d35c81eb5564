/**
 * Network filters that look into a byte stream of a known protocol, before its tcp_proxy (SD-018). MySQL's and Redis' are off by
 * default in the reference and are not made here.
 */
import type { Filter } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import { MongoProxy } from '@envoyproxy/xds-protos/envoy/extensions/filters/network/mongo_proxy/v3/mongo_proxy.js';
import type { Protocol } from '../../model/protocol.js';
import { type Partial, toAny } from '../proto.js';

export function protocolFilters(protocol: Protocol, statPrefix: string): Partial<Filter>[] {
  if (protocol !== 'Mongo') return [];
  return [{ name: 'envoy.filters.network.mongo_proxy', configType: { $case: 'typedConfig', value: toAny(MongoProxy, { statPrefix }) } }];
}
