/**
 * Conditions of a status: what we find, and what stands in the object. https://kubernetes.io/docs/reference/using-api/api-concepts/ and
 * https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition
 */

/** What we find about one aspect of a resource. */
export interface Verdict {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word in CamelCase, for programs. */
  readonly reason: string;
  readonly message: string;
}

/** A condition as the object has it. */
export interface Condition {
  readonly type: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  /** RFC 3339. */
  readonly lastTransitionTime?: string;
}

export const holds = (type: string, reason: string, message: string): Verdict => ({ type, status: 'True', reason, message });
export const fails = (type: string, reason: string, message: string): Verdict => ({ type, status: 'False', reason, message });

/** The API server takes no more in a message. */
const MAX_MESSAGE = 32_768;

/** The verdict as a condition: the time of the last change stays for as long as the status does. */
export function conditionOf(verdict: Verdict, live: readonly Condition[], generation: number | undefined, now: string): Condition {
  const { type, status, reason } = verdict;
  const known = live.find((one) => one.type === type);
  const isKept = known?.status === status && known.lastTransitionTime !== undefined;
  return {
    type,
    status,
    reason,
    message: verdict.message.slice(0, MAX_MESSAGE),
    ...(generation !== undefined && { observedGeneration: generation }),
    lastTransitionTime: isKept ? (known.lastTransitionTime as string) : now,
  };
}

/** The list of conditions of some object's status, whatever stands there. */
export function conditionsIn(value: unknown): readonly Condition[] {
  return Array.isArray(value) ? value.filter((one): one is Condition => typeof (one as Condition | null)?.type === 'string') : [];
}
