/**
 * One patch of an EnvoyFilter, checked and ready to apply, and the ordered patches of one kind of place.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-EnvoyConfigObjectPatch
 */
import type { DescMessage, Message } from '@bufbuild/protobuf';
import type { ConfigPatch } from '../../model/envoy-filters.js';

/** Where in a proxy something is: EF-003. */
export type PatchContext = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

export type ApplyTo = Exclude<NonNullable<ConfigPatch['applyTo']>, 'INVALID'>;

/** INSERT_* where there is no order has become ADD (EF-017). */
export type Operation = 'ADD' | 'REMOVE' | 'MERGE' | 'MERGE_AND_REPLACE_LIST' | 'INSERT_FIRST' | 'INSERT_BEFORE' | 'INSERT_AFTER' | 'REPLACE';

export type Match = NonNullable<ConfigPatch['match']>;
export type ListenerMatch = NonNullable<Match['listener']> & { readonly filterChain?: { readonly transportSocket?: string } };
export type ClusterMatch = NonNullable<Match['cluster']>;

export interface Patch {
  /** `namespace/name#index`: the EnvoyFilter and the place in its list. */
  readonly id: string;
  readonly applyTo: ApplyTo;
  readonly operation: Operation;
  readonly context: PatchContext | 'ANY';
  readonly match: Match;
  readonly type: DescMessage;
  /** The message to add or merge; only REMOVE has none. Never changed: clone it into a resource. */
  readonly value?: Message;
}

/** The patches of a proxy for one context. */
export interface Patches {
  readonly context: PatchContext;
  /** In the order of application. */
  of(applyTo: ApplyTo): readonly Patch[];
  /** Whether there is one for any of these. */
  has(...applyTo: readonly ApplyTo[]): boolean;
}

/** Ids of the patches that have matched something. Filled while patching. */
export type Applied = Set<string>;

export function patchesFor(context: PatchContext, all: readonly Patch[]): Patches {
  const mine = Map.groupBy(
    all.filter((patch) => patch.context === 'ANY' || patch.context === context),
    ({ applyTo }) => applyTo,
  );
  return { context, of: (applyTo) => mine.get(applyTo) ?? [], has: (...applyTo) => applyTo.some((each) => mine.has(each)) };
}

/**
 * The patches that add whole clusters or listeners. Without a context they would add one on each side of a sidecar, so they count for
 * the outbound side only.
 */
export const additions = (patches: Patches, applyTo: 'CLUSTER' | 'LISTENER'): readonly Patch[] =>
  patches.of(applyTo).filter(({ operation, context }) => operation === 'ADD' && !(context === 'ANY' && patches.context === 'SIDECAR_INBOUND'));

export const isMerge = (patch: Patch): boolean => patch.operation === 'MERGE' || patch.operation === 'MERGE_AND_REPLACE_LIST';

/** What MERGE and MERGE_AND_REPLACE_LIST do with lists. */
export const listsOf = (patch: Patch): 'append' | 'replace' => (patch.operation === 'MERGE' ? 'append' : 'replace');
