/**
 * Which workloads a resource is for: selectors by label and references to targets.
 * https://istio.io/latest/docs/reference/config/type/workload-selector/
 */
import { each, eachEntry, type Findings } from './findings.js';

interface TargetRef {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}

interface Selection {
  selector?: { matchLabels?: Record<string, string> };
  targetRef?: TargetRef;
  targetRefs?: TargetRef[];
}

const TARGETS = new Set([
  '/Service',
  'core/Service',
  'networking.istio.io/ServiceEntry',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
]);

/** `selector`, `targetRef` and `targetRefs` of a policy. */
export function validateSelection(spec: Selection, findings: Findings): void {
  const set = [spec.selector, spec.targetRef, spec.targetRefs?.[0]].filter((one) => one !== undefined);
  if (set.length > 1) findings.error('only one of selector and targetRefs may be set');
  validateLabels(spec.selector?.matchLabels, findings.at('selector', 'matchLabels'));
  if (spec.selector !== undefined && Object.keys(spec.selector.matchLabels ?? {}).length === 0)
    findings.at('selector').warn('has no labels, so it selects every workload');
  if (spec.targetRef !== undefined) validateTarget(spec.targetRef, findings.at('targetRef'));
  each(spec.targetRefs, findings.at('targetRefs'), validateTarget);
}

/** Only equality is possible: no empty keys, no wildcards. */
export function validateLabels(labels: Record<string, string> | undefined, findings: Findings): void {
  eachEntry(labels, findings, (key, value, at) => {
    if (key === '') at.error('an empty key is not supported');
    if (key.includes('*') || value.includes('*')) at.error('a wildcard is not supported');
  });
}

/** The older selector (`labels`) of Sidecar, ServiceEntry and EnvoyFilter. */
export function validateWorkloadSelector(selector: { labels?: Record<string, string> } | undefined, findings: Findings): void {
  validateLabels(selector?.labels, findings.at('labels'));
  if (selector !== undefined && Object.keys(selector.labels ?? {}).length === 0)
    findings.warn('has no labels, so it selects every workload in the namespace');
}

function validateTarget(ref: TargetRef, findings: Findings): void {
  if ((ref.name ?? '') === '') findings.at('name').error('must be set');
  if ((ref.namespace ?? '') !== '') findings.at('namespace').error('a reference to another namespace is not supported');
  if (!TARGETS.has(`${ref.group ?? ''}/${ref.kind}`))
    findings.error(`must refer to a Service, ServiceEntry, Gateway or GatewayClass, not to ${ref.group ?? ''}/${ref.kind}`);
}
