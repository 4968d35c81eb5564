/**
 * Operators of log formats that Envoy knows only when their extension is named (TE-016).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/formatter/req_without_query/v3/req_without_query.proto
 */
import type { TypedExtensionConfig } from '@envoyproxy/xds-protos/envoy/config/core/v3/extension.js';
import { ReqWithoutQuery } from '@envoyproxy/xds-protos/envoy/extensions/formatter/req_without_query/v3/req_without_query.js';
import { type Partial, toAny } from '../proto.js';

const REQ_WITHOUT_QUERY: Partial<TypedExtensionConfig> = {
  name: 'envoy.formatter.req_without_query',
  typedConfig: toAny(ReqWithoutQuery, {}),
};

/** What the texts among a format's values need; METADATA and CEL are built in. */
export const formatters = (values: readonly unknown[]): Partial<TypedExtensionConfig>[] =>
  values.some((value) => typeof value === 'string' && value.includes('%REQ_WITHOUT_QUERY')) ? [REQ_WITHOUT_QUERY] : [];
