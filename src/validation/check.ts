/**
 * The gate that a resource passes before it becomes a row: the CRD's schema first, then what Istio's webhook would say.
 * Sources and `mizzen validate` both come through here, so that what one accepts the other does.
 */
import { nameOf } from '../api/convert.js';
import { type AnyRow, kindInfo } from '../api/kinds.js';
import { formatPath, type Problem } from '../api/problem.js';
import { checkSpec, checkStatus } from '../api/schema.js';
import { validateResource } from './validate.js';

/** All problems of one resource; `object` is the parsed document that `row` was made of. */
export function checkResource(object: Record<string, unknown>, row: AnyRow): Problem[] {
  const base = kindInfo(row.kind).body === 'spec' ? ['spec'] : [];
  const resource = nameOf(object);
  const found = [...checkSpec(row.kind, row.spec, base), ...checkStatus(row.kind, row.status)];
  if (found.length === 0) return validateResource(row);
  return found.map(({ code, path, message }) => ({ severity: 'error', code, message, field: formatPath(path), path, resource }));
}
