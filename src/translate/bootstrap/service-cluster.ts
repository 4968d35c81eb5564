/**
 * `--service-cluster`: the name under which a proxy shows in traces and access logs (PC-020).
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig-TracingServiceName
 */
import type { ProxyConfig } from '../../api/mesh-config.js';
import { canonicalName } from '../../model/workload.js';
import type { Workload } from './workload.js';

/** What the defaults of ProxyConfig hold: nothing was chosen. */
const UNCHOSEN = 'istio-proxy';

export function serviceCluster({ serviceCluster: chosen, tracingServiceName }: ProxyConfig, workload: Workload): string {
  const { labels, name, namespace } = workload;
  if (tracingServiceName === 'CANONICAL_NAME_ONLY') return canonicalName(labels, name);
  if (tracingServiceName === 'CANONICAL_NAME_AND_NAMESPACE') return `${canonicalName(labels, name)}.${namespace}`;
  if (tracingServiceName === undefined && chosen !== undefined && chosen !== '' && chosen !== UNCHOSEN) return chosen;
  return `${labels['app'] ?? name}.${namespace}`;
}
