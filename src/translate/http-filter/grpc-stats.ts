/** gRPC statistics and message counts; the counts reach access logs through filter state. */
import { FilterConfig as Config } from '@envoyproxy/xds-protos/envoy/extensions/filters/http/grpc_stats/v3/config.js';
import { toAny } from '../proto.js';
import type { HttpFilter } from './index.js';

const filter = {
  name: 'envoy.filters.http.grpc_stats',
  configType: {
    $case: 'typedConfig' as const,
    value: toAny(Config, { emitFilterState: true, perMethodStatSpecifier: { $case: 'statsForAllMethods', value: false } }),
  },
};

export const grpcStats: HttpFilter = () => filter;
