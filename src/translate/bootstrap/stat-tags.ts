/**
 * Labels that an Envoy takes out of the names of its own statistics, as Istio's agent sets them up (TE-018, PC-010). The names of our clusters and
 * connection managers end in `;` for them: Envoy's own rules would cut `outbound|80||web.shop.svc…` at the first dot. They are all that an Envoy
 * before 1.37, which cannot make Istio's metrics, has to tell its services apart.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/metrics/v3/stats.proto#config-metrics-v3-tagspecifier
 */
import type { Json } from './workload.js';

/** The first group is cut out of the name, the second is the label's value. */
const TAGS: readonly (readonly [name: string, regex: string])[] = [
  ['cluster_name', '^cluster(\\.(.+);)'],
  ['http_conn_manager_prefix', '^http\\.(([^;]+);\\.)'],
  ['thread_name', '^server(\\.(.+))\\.watchdog'],
  ['tcp_prefix', '^tcp\\.((.*?)\\.)\\w+?$'],
  ['response_code', '_rq(_(\\d{3}))$'],
  ['response_code_class', '_rq(_(\\dxx))$'],
  ['http_conn_manager_listener_prefix', '^listener\\..*?\\.http\\.(([^;]+);\\.)'],
  ['listener_address', '^listener\\.(((?:[\\d.]+|\\[[\\da-fA-F_.]+\\])_\\d+)\\.)'],
  ['mongo_prefix', '^mongo\\.((.+?)\\.)(?:collection|cmd|cx_|op_|delays_|decoding_)'],
];
const MORE_TAGS: readonly (readonly [name: string, regex: string])[] = [
  ['cache', '(cache\\.(.+?)\\.)'],
  ['component', '(component\\.(.+?)\\.)'],
  ['tag', '(tag\\.(.+?);\\.)'],
  ['wasm_filter', '(wasm_filter\\.(.+?)\\.)'],
  ['authz_enforce_result', 'rbac(\\.(allowed|denied))'],
  ['authz_dry_run_action', '(\\.istio_dry_run_(allow|deny)_)'],
  ['authz_dry_run_result', '(\\.shadow_(allowed|denied))'],
];

/** `stats_tags`; `extra` are the user's own, which stand in names as `tag=.=value;.`. */
export const statTags = (extra: readonly string[]): readonly Json[] =>
  [...TAGS, ...extra.map((tag) => [tag, `(${tag}=\\.=(.*?);\\.;)`] as const), ...MORE_TAGS].map(([tag_name, regex]) => ({ tag_name, regex }));
