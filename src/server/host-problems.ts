/** Refused claims of hosts as problems with their places, for /debug/problems, the metrics and the log. */
import { formatPath, type Problem } from '../api/problem.js';
import type { Mesh } from '../model/mesh.js';
import { fieldLocator } from '../sources/field-location.js';

/** One for each claim that strict ownership refuses now. */
export function hostProblems(mesh: Mesh): readonly Problem[] {
  const locate = fieldLocator();
  return mesh.hostRefusals.all().map(({ row: { kind, metadata, location }, path, message }) => ({
    severity: 'error',
    code: 'host-not-owned',
    message,
    field: formatPath(path),
    path,
    resource: { kind, namespace: metadata.namespace, name: metadata.name },
    ...(location && { location: locate(location, path) }),
  }));
}
