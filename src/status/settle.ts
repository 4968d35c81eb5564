/**
 * A draft and what stands in the object → what to write, or nothing when the object says it all. Entries and conditions of others stay. Pure.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
import { isDeepStrictEqual } from 'node:util';
import { type Condition, conditionOf, conditionsIn, type Verdict } from './condition.js';
import { CONTROLLER, type StatusDraft } from './draft.js';
import { type Entry, settleEntries } from './settle-entries.js';

type Tree = Readonly<Record<string, unknown>>;

/** What to write. */
export interface Settled {
  readonly status: Tree;
  /** A list is written that others have a part in: only onto the version that it was made of. */
  readonly isGuarded: boolean;
  /** Something must go that applying fields can't take away, since another manager may have written it: lists are to be replaced. */
  readonly isReplacing: boolean;
}

/** The whole list of conditions is one value in these groups' definitions, so others' are repeated. */
const ONE_LIST = /\.istio\.io$/;

/** `now` in RFC 3339, without fractions. Undefined when `live` says all that the draft does. */
export function settle(draft: StatusDraft, live: Tree, now: string): Settled | undefined {
  const status: Record<string, unknown> = {};
  let isGuarded = false;
  let isReplacing = false;
  const conditions = draft.conditions && ownConditions(draft.conditions, live['conditions'], draft.generation, now);
  const isOneList = ONE_LIST.test(draft.apiVersion.split('/')[0] ?? '');
  if (conditions !== undefined) {
    const known = conditionsIn(live['conditions']);
    const isOwn = (type: string): boolean => conditions.some((one) => one.type === type) || draft.obsolete?.includes(type) === true;
    const others = known.filter(({ type }) => !isOwn(type));
    isReplacing ||= known.some(({ type }) => draft.obsolete?.includes(type) === true && !conditions.some((one) => one.type === type));
    status['conditions'] = isOneList ? [...others, ...conditions] : conditions;
    isGuarded ||= isOneList && others.length > 0;
  }
  if (draft.listeners !== undefined) {
    const known = entriesIn(live['listeners']);
    status['listeners'] = draft.listeners.map(({ name, kinds, attachedRoutes, conditions: verdicts }) => ({
      name,
      supportedKinds: kinds.map((kind) => ({ group: 'gateway.networking.k8s.io', kind })),
      attachedRoutes,
      conditions: ownConditions(verdicts, known.find((one) => one['name'] === name)?.['conditions'], draft.generation, now),
    }));
    isReplacing ||= known.some((one) => !draft.listeners?.some(({ name }) => name === one['name']));
  }
  for (const [field, entries] of entryLists(draft)) {
    const settled = settleEntries(entries, entriesIn(live[field]), draft, now);
    if (settled.length === 0 && live[field] === undefined) continue;
    status[field] = settled;
    isGuarded = true;
  }
  for (const [field, value] of Object.entries(draft.fields ?? {})) status[field] = value;
  for (const field of draft.zeroed ?? []) if (Number(live[field] ?? 0) !== 0) status[field] = 0;
  if (isSaid({ ...status, ...(conditions && { conditions }) }, live) && !isReplacing) return undefined;
  for (const field of draft.kept ?? []) if (status[field] === undefined && live[field] !== undefined) status[field] = live[field];
  // Conditions of others go along where the list is replaced.
  if (isReplacing && conditions !== undefined && !isOneList) {
    const gone = [...conditions.map(({ type }) => type), ...(draft.obsolete ?? [])];
    status['conditions'] = [...conditionsIn(live['conditions']).filter(({ type }) => !gone.includes(type)), ...conditions];
  }
  return { status, isGuarded: isGuarded || isReplacing, isReplacing };
}

function entryLists({ parents, ancestors }: StatusDraft): readonly (readonly [string, readonly Entry[]])[] {
  return [
    ...(parents === undefined
      ? []
      : [['parents', parents.map(({ ref, conditions }) => ({ field: 'parentRef', ref, conditions, controller: CONTROLLER }))] as const]),
    ...(ancestors === undefined ? [] : [['ancestors', ancestors.map((one) => ({ field: 'ancestorRef', ...one }))] as const]),
  ];
}

const entriesIn = (value: unknown): readonly Tree[] =>
  Array.isArray(value) ? value.filter((one): one is Tree => typeof one === 'object' && one !== null) : [];

const ownConditions = (verdicts: readonly Verdict[], live: unknown, generation: number | undefined, now: string): readonly Condition[] =>
  verdicts.map((verdict) => conditionOf(verdict, conditionsIn(live), generation, now));

/** Everything in `status` stands in `live`; lists of things with names hold what others wrote as well. */
function isSaid(status: Tree, live: Tree): boolean {
  return Object.entries(status).every(([field, value]) => {
    if (field === 'conditions') return areIn(value as readonly Condition[], conditionsIn(live['conditions']), 'type');
    if (field !== 'listeners') return isDeepStrictEqual(value, live[field]);
    const known = entriesIn(live['listeners']);
    return (value as readonly Tree[]).every((one) => {
      const same = known.find(({ name }) => name === one['name']);
      if (same === undefined) return false;
      const { conditions, ...rest } = one;
      const isRestSame = Object.entries(rest).every(([key, each]) => isDeepStrictEqual(each, same[key]));
      return isRestSame && areIn(conditions as readonly Condition[], conditionsIn(same['conditions']), 'type');
    });
  });
}

const areIn = <T extends object>(wanted: readonly T[], known: readonly T[], key: keyof T): boolean =>
  wanted.every((one) =>
    known.some((other) => other[key] === one[key] && Object.entries(one).every(([name, value]) => isDeepStrictEqual(value, other[name as keyof T]))),
  );
