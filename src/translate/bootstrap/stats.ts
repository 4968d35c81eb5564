/**
 * Which statistics an Envoy keeps, and the labels that it takes out of their names (PC-010). Settings stand in ProxyConfig; annotations of the
 * workload count before them. https://istio.io/latest/docs/ops/configuration/telemetry/envoy-stats/
 */
import type { ProxyConfig } from '../../api/mesh-config.js';
import { statTags } from './stat-tags.js';
import type { Json, Workload } from './workload.js';

/** What readiness, dashboards and dry runs of policies read, whatever the user leaves out. */
const REQUIRED = {
  prefixes: ['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'],
  suffixes: ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'],
  regexps: ['vhost\\..*\\.route\\..*'],
} as const;

/** Istio's own metrics. */
const ISTIO_PREFIXES = ['reporter=', 'component', 'istio'];

const ANNOTATIONS = {
  prefixes: 'sidecar.istio.io/statsInclusionPrefixes',
  suffixes: 'sidecar.istio.io/statsInclusionSuffixes',
  regexps: 'sidecar.istio.io/statsInclusionRegexps',
} as const;

type List = keyof typeof REQUIRED;

/** `stats_config`. Without a matcher Envoy keeps all of its statistics. */
export function statsConfig(config: ProxyConfig, workload: Workload): Json {
  const tags = extraTags(config, workload);
  const matcher = statsMatcher(config, workload);
  return {
    use_all_default_tags: false,
    stats_tags: statTags(tags),
    ...(matcher && { stats_matcher: matcher }),
  };
}

function statsMatcher(config: ProxyConfig, workload: Workload): Json | undefined {
  const said: Record<List, readonly string[] | undefined> = {
    prefixes: wanted('prefixes', config.proxyStatsMatcher?.inclusionPrefixes, workload),
    suffixes: wanted('suffixes', config.proxyStatsMatcher?.inclusionSuffixes, workload),
    regexps: wanted('regexps', config.proxyStatsMatcher?.inclusionRegexps, workload),
  };
  if (Object.values(said).every((list) => list === undefined)) return undefined;
  const all = (list: List): readonly string[] => [...new Set([...(said[list] ?? []), ...REQUIRED[list]])];
  const patterns = [
    ...[...ISTIO_PREFIXES, ...all('prefixes')].map((prefix) => ({ prefix })),
    ...all('suffixes').map((suffix) => ({ suffix })),
    ...all('regexps').map((regex) => ({ safe_regex: { regex } })),
  ];
  return { inclusion_list: { patterns } };
}

/** `{pod_ip}` stands for each address of the workload. */
function wanted(list: List, configured: readonly string[] | undefined, { annotations, addresses }: Workload): readonly string[] | undefined {
  const annotated = annotations[ANNOTATIONS[list]];
  const chosen = annotated !== undefined && annotated !== '' ? annotated.split(',') : configured;
  return chosen?.flatMap((text) => (text.includes('{pod_ip}') ? addresses.map((address) => text.replaceAll('{pod_ip}', address)) : [text]));
}

function extraTags({ extraStatTags = [] }: ProxyConfig, { annotations }: Workload): readonly string[] {
  const annotated = (annotations['sidecar.istio.io/extraStatTags'] ?? '').split(',');
  const tags = [...new Set([...extraStatTags, ...annotated])].filter((tag) => tag !== '');
  const bad = tags.find((tag) => !/^\w+$/.test(tag));
  if (bad !== undefined) throw new Error(`extraStatTags: ${JSON.stringify(bad)} must be letters, digits and '_'`);
  return tags;
}
