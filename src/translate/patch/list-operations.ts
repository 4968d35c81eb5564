/**
 * ADD, INSERT_*, REPLACE and REMOVE on an ordered list: filters and routes. Without a named neighbour INSERT_BEFORE is the beginning and
 * INSERT_AFTER the end; with one that is not there, nothing happens.
 */
import type { Operation } from './patch.js';

/** What the patch is about in the list; undefined when it names nothing. */
export type IsNamed<T> = ((item: T) => boolean) | undefined;

/** The list after the operation, or undefined when it does not change it. `make` gives a fresh copy of the patch's value. */
export function applyToList<T>(items: readonly T[], operation: Operation, isNamed: IsNamed<T>, make: () => T): T[] | undefined {
  const at = isNamed === undefined ? -1 : items.findIndex(isNamed);
  switch (operation) {
    case 'ADD':
      return [...items, make()];
    case 'INSERT_FIRST':
      return [make(), ...items];
    case 'INSERT_BEFORE':
      if (isNamed === undefined) return [make(), ...items];
      return at < 0 ? undefined : items.toSpliced(at, 0, make());
    case 'INSERT_AFTER':
      if (isNamed === undefined) return [...items, make()];
      return at < 0 ? undefined : items.toSpliced(at + 1, 0, make());
    case 'REPLACE':
      return at < 0 ? undefined : items.toSpliced(at, 1, make());
    case 'REMOVE': {
      const kept = isNamed === undefined ? items : items.filter((item) => !isNamed(item));
      return kept.length === items.length ? undefined : [...kept];
    }
    default:
      return undefined; // merges go into items, not into the list
  }
}
