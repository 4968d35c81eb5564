/** What is wrong with a Gateway API resource beyond its schema: a value in the result of each conversion, never a log line. */
import type { Problem } from '../../api/problem.js';
import type { Resource } from '../../api/resource.js';

/** Reads like a reason of the API's own status conditions. https://gateway-api.sigs.k8s.io/reference/spec/#routeconditionreason */
export type FindingCode = 'not-attached' | 'unresolved-reference' | 'reference-not-permitted' | 'unsupported' | 'conflicted' | 'invalid';

export interface Finding {
  readonly code: FindingCode;
  readonly message: string;
  /** Path in the resource, `spec.rules[0].backendRefs[1]`. */
  readonly field: string;
}

/** The finding as a problem of its resource. Configuration goes on without what is wrong, so it is a warning. */
export function problemOf(row: Resource, finding: Finding): Problem {
  const { name, namespace } = row.metadata;
  return {
    severity: 'warning',
    code: finding.code,
    message: finding.message,
    field: finding.field,
    resource: { kind: row.kind === 'K8sGateway' ? 'Gateway' : row.kind, namespace, name },
    ...(row.location === undefined ? {} : { location: row.location }),
  };
}

/** Ends the conversion of a whole resource: nothing of it may be served. */
export class Refused extends Error {
  constructor(readonly finding: Finding) {
    super(finding.message);
  }
}
