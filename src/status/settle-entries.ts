/**
 * Entries that several controllers keep in one list: `parents` of routes and `ancestors` of policies. Ours are put right in their places, those of
 * others are repeated as they are. https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus
 */
import type { ParentReference } from '../model/gateway-api/types.js';
import { type Condition, conditionOf, conditionsIn, type Verdict } from './condition.js';
import { CONTROLLER, MESH_CONTROLLER, type StatusDraft } from './draft.js';

type Tree = Readonly<Record<string, unknown>>;

/** One entry of ours. */
export interface Entry {
  /** `parentRef` or `ancestorRef`. */
  readonly field: string;
  readonly ref: ParentReference;
  readonly controller: string;
  readonly conditions: readonly Verdict[];
}

const OURS: readonly string[] = [CONTROLLER, MESH_CONTROLLER];
/** More ancestors the specification does not allow; a route has 32 parents at most. */
const MAX: Readonly<Record<string, number>> = { ancestorRef: 16, parentRef: 32 };

/** The whole list. Other conditions in an entry of ours stay. */
export function settleEntries(
  entries: readonly Entry[],
  live: readonly Tree[],
  { namespace, generation }: Pick<StatusDraft, 'namespace' | 'generation'>,
  now: string,
): readonly Tree[] {
  const id = (ref: unknown, controller: unknown): string => `${String(controller)} ${refId(ref as ParentReference, namespace)}`;
  const left = new Map(entries.map((entry) => [id(entry.ref, entry.controller), entry]));
  const made = ({ field, ref, controller, conditions }: Entry, known: readonly Condition[]): Tree => {
    const own = conditions.map((verdict) => conditionOf(verdict, known, generation, now));
    const others = known.filter(({ type }) => !own.some((one) => one.type === type));
    return { [field]: ref, controllerName: controller, conditions: [...others, ...own] };
  };
  const kept = live.flatMap((one): readonly Tree[] => {
    const { controllerName } = one;
    if (!OURS.includes(controllerName as string)) return [one];
    const key = id(one['parentRef'] ?? one['ancestorRef'] ?? {}, controllerName);
    const entry = left.get(key);
    left.delete(key);
    return entry === undefined ? [] : [made(entry, conditionsIn(one['conditions']))];
  });
  const max = MAX[entries[0]?.field ?? ''] ?? 32;
  return [...kept, ...[...left.values()].map((entry) => made(entry, []))].slice(0, Math.max(max, live.length));
}

/** With the defaults filled in, so that equal references are found equal. */
function refId({ group, kind, namespace, name, sectionName, port }: ParentReference, own: string): string {
  return [group ?? 'gateway.networking.k8s.io', kind ?? 'Gateway', namespace ?? own, name, sectionName ?? '', port ?? ''].join('/');
}
