/** CORS: on in every chain, configured by routes (VirtualService corsPolicy). */
import { Cors as Config } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/cors/v3/cors.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

const filter = { name: 'envoy.filters.http.cors', configType: { $case: 'typedConfig' as const, value: toAny(Config, {}) } };

export const cors: HttpFilter = () => filter;
