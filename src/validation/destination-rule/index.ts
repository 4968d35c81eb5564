/** DestinationRule. https://istio.io/latest/docs/reference/config/networking/destination-rule/ */
import type { DestinationRule } from '../../api/istio.js';
import { validateExportTo } from '../export-to.js';
import { each, type Findings } from '../findings.js';
import { label, labelProblems, wildcardDomain } from '../names.js';
import { validateSelection } from '../selector.js';
import { validateTrafficPolicy } from './traffic-policy.js';
import type { Rule } from './types.js';

export function validateDestinationRule(row: DestinationRule, findings: Findings): void {
  // Not compared with the CRD's type on purpose, see types.ts.
  const spec = row.spec as unknown as Rule;
  findings.at('host').check(wildcardDomain(spec.host ?? ''));
  validateTrafficPolicy(spec.trafficPolicy, findings.at('trafficPolicy'));
  const names = new Set<string>();
  each(spec.subsets, findings.at('subsets'), (subset, at) => {
    if (names.has(subset.name)) at.at('name').error(`'${subset.name}' is there twice`);
    names.add(subset.name);
    at.at('name').check(label(subset.name, 'subset name'));
    for (const [key, message] of labelProblems(subset.labels)) at.at('labels', key).error(message);
    validateTrafficPolicy(subset.trafficPolicy, at.at('trafficPolicy'));
  });
  validateExportTo(spec.exportTo, findings.at('exportTo'), { workloadSelector: spec.workloadSelector !== undefined });
  if (spec.workloadSelector !== undefined) validateSelection({ selector: spec.workloadSelector }, findings);
}
