/**
 * Whether a pod gets a proxy (IN-003). The webhook's selectors have chosen namespace and revision before (see selectors.ts); what is left is
 * said by the pod, by selectors of the settings, and by the policy. https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#controlling-the-injection-policy
 */
import type { LabelSelector } from '../api/mesh-config.js';
import { annotationsOf, labelsOf, type Pod } from './pod.js';

export interface InjectionPolicy {
  /** What holds for a pod that says nothing. */
  readonly policy: 'enabled' | 'disabled';
  readonly neverInjectSelector: readonly LabelSelector[];
  readonly alwaysInjectSelector: readonly LabelSelector[];
}

/** Kubernetes' own, where a broken webhook would break the cluster. */
const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);
export const INJECT = 'sidecar.istio.io/inject';

export type Decision = { readonly inject: true } | { readonly inject: false; readonly reason: string };

export function decideInjection(pod: Pod, namespace: string, settings: InjectionPolicy): Decision {
  const labels = labelsOf(pod);
  if (pod.spec?.hostNetwork === true) return no('the pod uses the network of its node');
  if (SYSTEM_NAMESPACES.has(namespace)) return no(`namespace ${namespace} is Kubernetes' own`);
  // The label is the newer of the two.
  const said = labels[INJECT] ?? annotationsOf(pod)[INJECT] ?? '';
  if (said === 'true') return { inject: true };
  if (said === 'false') return no(`${INJECT} is false`);
  if (settings.neverInjectSelector.some((selector) => matches(selector, labels))) return no('neverInjectSelector matches');
  if (settings.alwaysInjectSelector.some((selector) => matches(selector, labels))) return { inject: true };
  return settings.policy === 'enabled' ? { inject: true } : no('the policy is disabled and the pod asks for nothing');
}

const no = (reason: string): Decision => ({ inject: false, reason });

/** An empty selector selects nothing here. An operator that nobody knows matches nothing. */
function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const isEmpty = Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
  if (isEmpty || !Object.entries(matchLabels).every(([key, value]) => labels[key] === value)) return false;
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    if (operator === 'Exists') return value !== undefined;
    return operator === 'DoesNotExist' && value === undefined;
  });
}
