/** What is wrong with a Gateway API resource beyond its schema: a value in the result of each conversion, never a log line. */
import type { FieldPath } from '../../api/problem.js';
import type { Resource } from '../../api/resource.js';
import type { DerivedFinding, DerivedFindingCode } from '../derived-rows.js';

export interface Finding {
  readonly code: DerivedFindingCode;
  readonly message: string;
  /** Place in the resource, `spec.rules[0].backendRefs[1]`. */
  readonly field: string;
  /** What conditions of the resource call it: a reason of Gateway API or of Istio. Absent for what changes no condition. */
  readonly reason?: string;
}

export const findingAt = (row: Resource, { code, message, field }: Finding): DerivedFinding => ({ row, code, message, path: stepsOf(field) });

/** `spec.rules[0]` → spec, rules, 0. Names in it are this folder's own, so none has a dot. */
const stepsOf = (field: string): FieldPath => field.split(/[.[]/).map((step) => (step.endsWith(']') ? Number(step.slice(0, -1)) : step));

/** Ends the conversion of a whole resource: nothing of it may be served. */
export class Refused extends Error {
  constructor(readonly finding: Finding) {
    super(finding.message);
  }
}
