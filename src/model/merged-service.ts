/**
 * Namespace sameness: Services of one name in several clusters are one service (CL-003). The first cluster's says what it is; addresses are
 * kept by cluster, and the accounts of all are vouched for. Pure.
 * https://istio.io/latest/docs/ops/deployment/deployment-models/#multiple-clusters
 */
import type { Service as KubernetesService } from '../api/kubernetes.js';
import { fromKubernetes, type ServiceContextIn } from './kubernetes-service.js';
import type { Service, ServiceInCluster } from './service.js';

/** The service that Services of one name stand for; `rows` in order of their clusters. `clusterId` is the cluster of rows without one. */
export function fromClusters(
  rows: readonly [KubernetesService, ...KubernetesService[]],
  clusterId: string,
  context: ServiceContextIn,
  aliases: Service['aliases'],
): Service {
  const [first] = rows;
  const service = fromKubernetes(first, context, aliases);
  if (rows.length === 1 && first.metadata.cluster === undefined) return service;
  const all = rows.map((row) => ({ remote: row.metadata.cluster, service: row === first ? service : fromKubernetes(row, context, aliases) }));
  const clusters = all.map(
    ({ remote, service: { addresses, selector, ports } }): ServiceInCluster => ({
      cluster: remote ?? clusterId,
      ...(remote !== undefined && { remote }),
      addresses,
      ...(selector && { selector }),
      ports,
    }),
  );
  return {
    ...service,
    clusters: clusters.sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
    serviceAccounts: [...new Set(all.flatMap(({ service: { serviceAccounts } }) => serviceAccounts))].sort(),
  };
}
