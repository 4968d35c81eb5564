/**
 * The two kinds of things that can be read: cells (a row, an index bucket, a whole collection) and memos (a query's value for one
 * key). A node knows who read it; the algorithm is the push-mark / pull-compute one of signals and Salsa.
 */
import type { Origin } from './types.js';

/** Up to date. Cells always are. */
export const CLEAN = 0;
/** Something further down may have changed: verify the recorded reads before trusting the value. */
export const CHECK = 1;
/** Something read directly has changed (or nothing was computed yet): compute. */
export const STALE = 2;
export type State = typeof CLEAN | typeof CHECK | typeof STALE;

/** Whoever wants to hear that a memo may have changed. */
export interface Watcher {
  onStale(): void;
}

/** What a cell is a read of, for the inspector: a row, a bucket (`index` is set) or all rows (`key` is '*'). */
export interface Place {
  readonly collection: string;
  readonly index?: string;
  readonly key: string;
}

/** Something that a query can read. */
export abstract class Node {
  state: State = CLEAN;
  /** The engine's clock when the value last became a different one. */
  changedAt = 0;
  /** Memos that read this node. Most nodes have one reader, so one is kept without a Set. */
  dependants: Memoised | Set<Memoised> | undefined = undefined;
  /** The run that recorded this node last; makes a repeated read free. */
  stamp = 0;
  /** The sweeper's tick at the last use that left no edge behind. */
  usedAt = 0;
  /** Already on the sweeper's list. */
  idle = false;

  /** Whether somebody would miss it. */
  isUsed(): boolean {
    return this.dependants !== undefined;
  }
  /** Forgets the node in the table where it is looked up. */
  abstract drop(): void;
}

/** A read of stored rows. */
export abstract class Cell extends Node {
  abstract place(): Place;
  /** The rows that the read sees now. */
  abstract origins(): Origin[];
}

/** The part of a memo that its reads, the marking and the sweeper know. */
export abstract class Memoised extends Node {
  override state: State = STALE;
  /** What the last computation read, in order of first read, without repeats. */
  deps: readonly Node[] = NOTHING;
  watchers: Set<Watcher> | undefined = undefined;
  /** What must not be collected before the value is: see {@link keepWithValue}. One object, or several in an array. */
  kept: object | undefined = undefined;

  override isUsed(): boolean {
    return this.dependants !== undefined || this.watchers !== undefined;
  }
}

const NOTHING: readonly Node[] = [];

/** Records that `reader` read `node`; a second time changes nothing. */
export function addDependant(node: Node, reader: Memoised): void {
  const present = node.dependants;
  if (present === undefined) node.dependants = reader;
  else if (present instanceof Set) present.add(reader);
  else if (present !== reader) node.dependants = new Set([present, reader]);
}

/** Forgets that `reader` read `node`. */
export function removeDependant(node: Node, reader: Memoised): void {
  const present = node.dependants;
  if (present === reader) node.dependants = undefined;
  else if (present instanceof Set) {
    present.delete(reader);
    if (present.size === 0) node.dependants = undefined;
  }
}
