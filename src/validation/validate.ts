/** placeholder */
import type { AnyRow } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';

export function validateResource(_row: AnyRow): Problem[] {
  return [];
}
