/**
 * What becomes of a label's value before it is counted, for Envoys that have rules (1.38 and newer).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/stats/v3/stats.proto
 */
import { TransformStat } from '@envoyproxy/xds-protos/envoy/extensions/matching/actions/transform_stat/v3/transform_stat.js';
import { StatTagValueInput } from '@envoyproxy/xds-protos/envoy/extensions/matching/common_inputs/stats/v3/stats.js';
import type { Matcher } from '@envoyproxy/xds-protos/xds/type/matcher/v3/matcher.js';
import { type Partial, toAny } from '../proto.js';
import { UNKNOWN } from './workload-facts.js';

const INPUT = { name: 'value', typedConfig: toAny(StatTagValueInput, {}) };

const becomes = (newTagValue: string) => ({
  onMatch: {
    $case: 'action' as const,
    value: { name: newTagValue, typedConfig: toAny(TransformStat, { action: { $case: 'updateTag', value: { newTagValue } } }) },
  },
});

export const EMPTY_IS_UNKNOWN: Partial<Matcher> = {
  matcherType: {
    $case: 'matcherTree',
    value: { input: INPUT, treeType: { $case: 'exactMatchMap', value: { map: { '': becomes(UNKNOWN) } } } },
  },
};

/** A content type as protocol. */
export const PROTOCOL: Partial<Matcher> = {
  matcherType: {
    $case: 'matcherTree',
    value: { input: INPUT, treeType: { $case: 'prefixMatchMap', value: { map: { 'application/grpc': becomes('grpc') } } } },
  },
  onNoMatch: becomes('http'),
};
