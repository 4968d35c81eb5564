/** Status of routes: one entry per reference to a parent of ours (GA-025). Pure. https://gateway-api.sigs.k8s.io/reference/spec/#routestatus */
import type { Resource } from '../api/resource.js';
import type { ParentOutcome } from '../model/gateway-api/define-placements.js';
import type { RouteOutcome, RulesOutcome } from '../model/gateway-api/define-routes.js';
import { fails, holds, type Verdict } from './condition.js';
import { headOf, type ParentDraft, type StatusDraft } from './draft.js';

export function routeDraft(row: Resource, { parents, mesh, gateway }: RouteOutcome): StatusDraft {
  return { ...headOf(row), parents: parents.map((parent) => parentDraft(parent, parent.isMesh ? mesh : gateway)) };
}

function parentDraft({ ref, attached, denied }: ParentOutcome, rules: RulesOutcome | undefined): ParentDraft {
  return { ref, conditions: [accepted(attached, denied, rules), resolvedRefs(rules)] };
}

/**
 * A route of which nothing is served is not accepted, whoever its parents are. Istio says so of its references alone; the specification has
 * UnsupportedValue for it. docs/deviations.md.
 */
function accepted(attached: number, denied: ParentOutcome['denied'], rules: RulesOutcome | undefined): Verdict {
  if (denied !== undefined) return fails('Accepted', denied.reason, denied.message);
  if (rules?.refused !== undefined) return fails('Accepted', 'UnsupportedValue', told(rules.refused));
  return holds('Accepted', 'Accepted', attached > 1 ? `Route was valid, bound to ${attached} parents` : 'Route was valid');
}

/** Of several faults the last gives the reason, as in the reference. */
function resolvedRefs(rules: RulesOutcome | undefined): Verdict {
  const faults = rules?.refused === undefined ? (rules?.findings ?? []).filter(({ reason }) => reason !== undefined) : [rules.refused];
  const last = faults.at(-1);
  if (last === undefined) return holds('ResolvedRefs', 'ResolvedRefs', 'All references resolved');
  return fails('ResolvedRefs', last.reason ?? 'InvalidConfiguration', [...new Set(faults.map(told))].join('; '));
}

const told = ({ field, message }: { readonly field: string; readonly message: string }): string => `${field}: ${message}`;
