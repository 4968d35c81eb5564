/**
 * What metrics say of a workload, under the keys that stand in metadata of endpoints and in the peer header (TE-018).
 * https://istio.io/latest/docs/reference/config/metrics/#labels
 */
import type { Labels } from '../../model/labels.js';
import type { Endpoint } from '../../model/service.js';
import { canonicalName, canonicalRevision } from '../../model/workload.js';

/** Istio's word for what nobody knows. Facts say it themselves: for each value that could be empty Envoy would need a rule. */
export const UNKNOWN = 'unknown';

export interface WorkloadFacts {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly canonical_service: string;
  readonly canonical_revision: string;
  readonly cluster: string;
}

/** Of an endpoint; of an address without a workload nothing is known. */
export function endpointFacts(endpoint: Endpoint): Readonly<Record<string, string>> {
  if (endpoint.workloadName === '' && endpoint.canonicalName === '') return {};
  return known({
    name: endpoint.workloadName,
    namespace: endpoint.namespace,
    ...ofLabels(endpoint.labels),
    canonical_service: endpoint.canonicalName || endpoint.workloadName,
    canonical_revision: endpoint.canonicalRevision || 'latest',
    cluster: endpoint.clusterId,
  });
}

/** Of the proxy's own workload. */
export const proxyFacts = (name: string, proxy: { readonly namespace: string; readonly clusterId: string; readonly labels: Labels }): WorkloadFacts =>
  known({
    name,
    namespace: proxy.namespace,
    ...ofLabels(proxy.labels),
    canonical_service: canonicalName(proxy.labels, name),
    canonical_revision: canonicalRevision(proxy.labels),
    cluster: proxy.clusterId,
  });

function known(facts: WorkloadFacts): WorkloadFacts & Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, value === '' ? UNKNOWN : value])) as never;
}

const ofLabels = (labels: Labels): Pick<WorkloadFacts, 'app' | 'version'> => ({ app: labels['app'] ?? '', version: labels['version'] ?? '' });
