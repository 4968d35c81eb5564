/**
 * Which workloads a security policy is for: those that its selector picks, or the gateways that its targetRefs name (AZ-001, RA-001).
 * https://istio.io/latest/docs/reference/config/type/workload-selector/
 */
import { type Labels, selects } from './labels.js';

/** The label of a Gateway API gateway's proxies; its value is the Gateway's name. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

interface TargetReference {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** The part of a policy's spec that says whom it is for. */
export interface Target {
  readonly selector?: { readonly matchLabels?: Labels };
  /** The older form of a single reference. */
  readonly targetRef?: TargetReference;
  readonly targetRefs?: readonly TargetReference[];
}

export interface Workload {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Whether a policy of a namespace holds at a workload. Namespaces are the caller's to check for selectors. */
export function isFor(target: Target, policyNamespace: string, { namespace, labels }: Workload): boolean {
  const references = referencesOf(target);
  if (references.length === 0) return selects(target.selector?.matchLabels ?? {}, labels);
  const gateway = labels[GATEWAY_NAME];
  // Only gateways can be named here; a Service or a GatewayClass is a waypoint's.
  return (
    gateway !== undefined &&
    namespace === policyNamespace &&
    references.some(
      (at) =>
        at.group === 'gateway.networking.k8s.io' &&
        at.kind === 'Gateway' &&
        at.name === gateway &&
        (at.namespace === undefined || at.namespace === '' || at.namespace === namespace),
    )
  );
}

/** Labels that decide about {@link isFor}. */
export function policyLabelKeys(spec: unknown): readonly string[] {
  const target = spec as Target;
  const selected = Object.keys(target.selector?.matchLabels ?? {});
  return referencesOf(target).length === 0 ? selected : [...selected, GATEWAY_NAME];
}

const referencesOf = ({ targetRef, targetRefs = [] }: Target): readonly TargetReference[] =>
  targetRefs.length > 0 ? targetRefs : targetRef === undefined ? [] : [targetRef];
