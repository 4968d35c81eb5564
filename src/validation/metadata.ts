/** Annotations with a meaning of their own. https://istio.io/latest/docs/reference/config/annotations/ */
import type { AnyRow } from '../api/kinds.js';
import { Findings } from './findings.js';

const DRY_RUN = 'istio.io/dry-run';
const BOOLEAN = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
/** Set by Istio on what it makes of Gateway API routes; from users they would give rights. */
const INTERNAL = ['internal.istio.io/webhook-always-reject', 'internal.istio.io/parents', 'internal.istio.io/parent-namespace'];

export function validateAnnotations(row: AnyRow, findings: Findings): void {
  const { annotations } = row.metadata;
  const at = (name: string): Findings => new Findings(findings.resource, ['metadata', 'annotations', name], findings.problems);
  const dryRun = annotations[DRY_RUN];
  if (dryRun !== undefined) {
    if (row.kind !== 'AuthorizationPolicy') at(DRY_RUN).error('is only supported on an AuthorizationPolicy');
    else if (!['ALLOW', 'DENY'].includes(row.spec.action ?? 'ALLOW')) at(DRY_RUN).error('is only supported for the actions ALLOW and DENY');
    else if (!BOOLEAN.test(dryRun)) at(DRY_RUN).error(`'${dryRun}' must be true or false`);
  }
  for (const name of INTERNAL) if (annotations[name] !== undefined) at(name).error('must not be set by users');
}
