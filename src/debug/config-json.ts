/** Rows as the Kubernetes objects that they stand for. */
import { type AnyRow, kindInfo } from '../api/kinds.js';
import { timeOf } from './service-json.js';

export function objectOf(row: AnyRow): Record<string, unknown> {
  const { yamlKind, body } = kindInfo(row.kind);
  const { name, namespace, labels, annotations, resourceVersion, uid, cluster } = row.metadata;
  return {
    kind: yamlKind,
    apiVersion: row.apiVersion,
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(resourceVersion && { resourceVersion }),
      ...(uid && { uid }),
      creationTimestamp: timeOf(row.createdAt),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(cluster !== undefined && { cluster }),
    },
    ...(body === 'whole' ? (row.spec as object) : { spec: row.spec }),
    ...(row.status !== undefined && { status: row.status }),
  };
}
