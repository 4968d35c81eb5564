/**
 * What is wrong with a resource or a file, as a value: sources collect problems, `mizzen validate` prints them, the server shows them.
 */
import type { SourceLocation } from './resource.js';

/** Which resource a problem is about. */
export interface ResourceName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Where in a document: keys of mappings and indexes of lists. */
export type FieldPath = readonly (string | number)[];

/** `['spec', 'http', 0]` → `spec.http[0]`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

export interface Problem {
  /** An error refuses the resource; a warning lets it in. */
  readonly severity: 'error' | 'warning';
  /** Stable, for machines: 'yaml-syntax', 'unknown-field', 'schema', 'invalid' … */
  readonly code: string;
  readonly message: string;
  /** Path in the resource, `spec.http[0].route`. */
  readonly field?: string;
  /** The same path in steps; sources find line and column with it. */
  readonly path?: FieldPath;
  readonly location?: SourceLocation;
  readonly resource?: ResourceName;
}

/** Messages quote what was written; nobody reads more of it than this. */
const MAX_MESSAGE = 1_000;
export const shortMessage = (message: string): string => (message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);

/** What one resource has wrong that is told one by one; a file pasted into the wrong place has thousands of unknown fields. */
const MAX_PROBLEMS = 50;
/** The first problems of a resource, and one that stands for the rest. */
export function firstProblems<P extends Pick<Problem, 'severity' | 'code' | 'message'>>(problems: readonly P[]): readonly P[] {
  if (problems.length <= MAX_PROBLEMS) return problems;
  const rest = problems.slice(MAX_PROBLEMS);
  const worst = rest.find(({ severity }) => severity === 'error') ?? rest[0]!;
  return [...problems.slice(0, MAX_PROBLEMS), { ...worst, message: `${worst.message}; and ${rest.length - 1} more` }];
}

/** `file:line:column: severity: Kind ns/name: field: message`, as compilers print theirs. */
export function formatProblem(problem: Problem): string {
  const { location, resource } = problem;
  const place = location === undefined ? '' : `${location.file}:${location.line}:${location.column}: `;
  const name = resource === undefined ? '' : `${resource.kind} ${resource.namespace === '' ? '' : `${resource.namespace}/`}${resource.name}: `;
  const field = problem.field === undefined || problem.field === '' ? '' : `${problem.field}: `;
  return `${place}${problem.severity}: ${name}${field}${problem.message}`;
}
