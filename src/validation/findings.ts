/**
 * Collects what validators find, with the path of the field they look at. A validator gets a `Findings` that stands at its message
 * and moves it to fields with `at`, so that no validator needs to know where its message is used.
 */
import { type FieldPath, formatPath, type Problem, type ResourceName } from '../api/problem.js';

export class Findings {
  constructor(
    readonly resource: ResourceName,
    readonly path: FieldPath = ['spec'],
    readonly problems: Problem[] = [],
  ) {}

  /** The same collection, at a field below. */
  at(...steps: FieldPath): Findings {
    return new Findings(this.resource, [...this.path, ...steps], this.problems);
  }

  /** Refuses the resource. */
  error(message: string): void {
    this.#add('error', message);
  }

  /** Lets the resource in and tells. */
  warn(message: string): void {
    this.#add('warning', message);
  }

  /** Takes the answer of a check: a message, or nothing when all is well. */
  check(message: string | undefined): void {
    if (message !== undefined) this.error(message);
  }

  get failed(): boolean {
    return this.problems.some((problem) => problem.severity === 'error');
  }

  #add(severity: Problem['severity'], message: string): void {
    this.problems.push({ severity, code: 'invalid', message, field: formatPath(this.path), path: this.path, resource: this.resource });
  }
}

/** Calls `visit` for each item with the findings at that item. */
export function each<T>(items: readonly T[] | undefined, findings: Findings, visit: (item: T, at: Findings, index: number) => void): void {
  for (const [index, item] of (items ?? []).entries()) visit(item, findings.at(index), index);
}

/** Calls `visit` for each entry of a mapping with the findings at that entry. */
export function eachEntry<T>(
  items: Readonly<Record<string, T>> | undefined,
  findings: Findings,
  visit: (key: string, value: T, at: Findings) => void,
): void {
  for (const [key, value] of Object.entries(items ?? {})) visit(key, value, findings.at(key));
}
