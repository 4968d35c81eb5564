/**
 * The gate that a resource passes before it becomes a row: the CRD's schema first, then what Istio's webhook would say.
 */
import type { AnyRow } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';

/** All problems of one resource; `object` is the parsed document that `row` was made of. */
export function checkResource(_object: Record<string, unknown>, _row: AnyRow): Problem[] {
  return [];
}
