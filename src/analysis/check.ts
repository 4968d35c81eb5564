/**
 * What a check of the analysis is. Checks compare resources with each other over the mesh model; what is wrong with one resource alone is
 * validation's to say. A check examines subjects (a row, a hostname …) one by one, each as a query of its own, so that an edit costs
 * the subjects that it touches.
 */
import type { Kind, KindTypes } from '../api/kinds.js';
import type { FieldPath } from '../api/problem.js';
import { keyOf, type Resource } from '../api/resource.js';
import type { Mesh } from '../model/mesh.js';
import type { Lookups } from './lookups.js';

/** `error`: traffic fails or a resource does nothing; `warning`: it surely does something else than it seems to; `info`: advice. */
export type Severity = 'error' | 'warning' | 'info';

/** A resource, or a field of it. */
export interface Spot {
  readonly row: Resource;
  readonly path?: FieldPath;
}

/** A finding before its places are looked up: rows move in their files without being changed. */
export interface Draft {
  readonly severity: Severity;
  /** Stable, for machines. */
  readonly code: string;
  readonly message: string;
  /** Whom it is about; of a conflict, the loser. */
  readonly at: Spot;
  /** Who counts instead. */
  readonly winner?: Spot;
  readonly related?: readonly Spot[];
}

/** What checks read. */
export interface Context {
  readonly mesh: Mesh;
  /** Domain of Kubernetes service names. */
  readonly domain: string;
  readonly lookups: Lookups;
}

export interface Check {
  /** Name in the graph and in reports: kebab-case. */
  readonly name: string;
  /** What there is to examine, read from the graph. */
  subjects(context: Context): Iterable<string>;
  /** What is wrong with one subject. Pure but for what it reads from the graph. */
  examine(context: Context, subject: string): readonly Draft[];
}

/** A check of single rows of one kind. */
export function perRow<K extends Kind>(name: string, kind: K, examine: (context: Context, row: KindTypes[K]) => readonly Draft[]): Check {
  return {
    name,
    subjects: ({ mesh }) => mesh.rows.of(kind).list().keys(),
    examine(context, key) {
      const row = context.mesh.rows.of(kind).get(key);
      return row === undefined ? [] : examine(context, row);
    },
  };
}

/** `VirtualService shop/reviews`, as messages name a resource. */
export const nameOf = (row: Resource): string => `${row.kind} ${row.metadata.namespace === '' ? row.metadata.name : keyOf(row)}`;
