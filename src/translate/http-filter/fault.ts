/** Fault injection: on in every chain, configured by routes (VirtualService fault). */
import { HTTPFault as Config } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/fault/v3/fault.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

const filter = { name: 'envoy.filters.http.fault', configType: { $case: 'typedConfig' as const, value: toAny(Config, {}) } };

export const fault: HttpFilter = () => filter;
