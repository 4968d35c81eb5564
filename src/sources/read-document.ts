/**
 * One part of a file → rows and problems, with places relative to the part. Pure, so its results are cached by the part's text
 * (see document-cache). Conversion, the CRD's schema and validation meet here: this is the gate that every row passes.
 */
import { convert, isObject, nameOf } from '../api/convert.js';
import type { AnyRow } from '../api/kinds.js';
import { type FieldPath, firstProblems, type Problem, type ResourceName, shortMessage } from '../api/problem.js';
import { keyOf } from '../api/resource.js';
import { checkResource } from '../validation/check.js';
import { type ParsedDocument, type ParseLimits, type Place, parsePart } from '../yaml/parse-yaml.js';

/** A resource of the part as it was written; `row` is missing when it was refused. */
export interface ReadResource {
  readonly name: ResourceName;
  readonly object: Record<string, unknown>;
  /** Row made with order 0 and no location; the file puts both in. */
  readonly row?: AnyRow;
  readonly place: Place;
}

export interface ReadProblem {
  readonly problem: Problem;
  readonly place: Place;
}

export interface ReadPart {
  readonly resources: readonly ReadResource[];
  readonly problems: readonly ReadProblem[];
  /** True when YAML itself is broken: nobody knows which resources were meant. */
  readonly unreadable: boolean;
}

/** `Kind/namespace/name`: one resource, wherever it is written. */
export const identityOf = (name: ResourceName): string => `${name.kind}/${keyOf({ metadata: name })}`;

/** Reads a part. Never throws. */
export function readPart(text: string, limits?: ParseLimits): ReadPart {
  const resources: ReadResource[] = [];
  const problems: ReadProblem[] = [];
  let unreadable = false;
  for (const document of parsePart(text, limits)) {
    for (const error of document.errors) {
      unreadable = true;
      problems.push({ problem: { severity: 'error', code: 'yaml-syntax', message: error.message }, place: error });
    }
    if (document.errors.length === 0) readObject(document.value, [], document, resources, problems);
  }
  return { resources, problems, unreadable };
}

function readObject(value: unknown, path: FieldPath, document: ParsedDocument, resources: ReadResource[], problems: ReadProblem[]): void {
  if (isList(value)) {
    value.items.forEach((item, index) => readObject(item, [...path, 'items', index], document, resources, problems));
    return;
  }
  const converted = convert(value);
  const found: Problem[] = [...converted.problems];
  if (converted.row !== undefined && isObject(value)) found.push(...checkResource(value, converted.row));
  for (const problem of firstProblems(found)) {
    problems.push({
      problem: { ...problem, message: shortMessage(problem.message) },
      place: problem.path === undefined && path.length === 0 ? document.start : document.locate([...path, ...(problem.path ?? [])]),
    });
  }
  if (!isObject(value) || (converted.row === undefined && converted.info === undefined)) return;
  const refused = found.some((problem) => problem.severity === 'error');
  const place = path.length === 0 ? document.start : document.locate(path);
  resources.push({ name: nameOf(value), object: value, ...(refused || converted.row === undefined ? {} : { row: converted.row }), place });
}

function isList(value: unknown): value is { items: unknown[] } {
  return isObject(value) && typeof value['kind'] === 'string' && value['kind'].endsWith('List') && Array.isArray(value['items']);
}
