/**
 * Checks a parsed document against the shape of its kind, as the API server does with the CRD's schema before it stores anything.
 * Unknown fields count as errors, as kubectl treats them by default (strict field validation): most are typing mistakes.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */
import { isObject } from './convert.js';
import type { Kind } from './kinds.js';
import type { FieldPath } from './problem.js';
import { shapes } from './shapes/index.js';
import { statusShapes } from './shapes/kubernetes.js';
import type { Check, Shape } from './shapes/shape.js';

export interface SchemaProblem {
  readonly code: 'unknown-field' | 'schema';
  readonly path: FieldPath;
  readonly message: string;
}

type Report = (code: SchemaProblem['code'], path: FieldPath, message: string) => void;

/** What is wrong with the spec of a kind; `path` begins with `base`. Kinds without a shape always pass. */
export function checkSpec(kind: Kind, spec: unknown, base: FieldPath = ['spec']): SchemaProblem[] {
  const shape = shapes[kind];
  return shape === undefined ? [] : checkShape(shape, spec, base);
}

/** What is wrong with the status of a kind, as far as it is read. */
export function checkStatus(kind: Kind, status: unknown): SchemaProblem[] {
  const shape = statusShapes[kind];
  return shape === undefined || status === undefined || status === null ? [] : checkShape(shape, status, ['status']);
}

/** What is wrong with a value of this shape. */
export function checkShape(shape: Shape, value: unknown, base: FieldPath = []): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  visit(shape, value, base, (code, path, message) => problems.push({ code, path, message }));
  return problems;
}

const NAMES = {
  object: 'a mapping',
  map: 'a mapping',
  list: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  any: '',
};

/** True when the value has its shape; rules that relate fields only run on such values. */
function visit(shape: Shape, value: unknown, path: FieldPath, report: Report): boolean {
  if (value === null && (shape.nullable === true || shape.type === 'any')) return true;
  let good = true;
  const fail = (message: string, at: FieldPath = path, code: SchemaProblem['code'] = 'schema'): void => {
    // A field that nobody knows says nothing about the others.
    if (code === 'schema') good = false;
    report(code, at, message);
  };
  const child = (inner: Shape, item: unknown, step: string | number): void => {
    if (!visit(inner, item, [...path, step], report)) good = false;
  };
  switch (shape.type) {
    case 'any':
      break;
    case 'object':
      if (!isObject(value)) return wrongType(shape, value, path, report);
      for (const [field, item] of Object.entries(value)) {
        const inner = Object.hasOwn(shape.fields!, field) ? shape.fields![field] : undefined;
        if (inner !== undefined) child(inner, item, field);
        else if (shape.open !== true) fail(`unknown field${similar(field, shape)}`, [...path, field], 'unknown-field');
      }
      checkFields(shape, value, fail);
      break;
    case 'map':
      if (!isObject(value)) return wrongType(shape, value, path, report);
      for (const [key, item] of Object.entries(value)) child(shape.items!, item, key);
      checkSize(shape, Object.keys(value).length, 'entries', fail);
      break;
    case 'list':
      if (!Array.isArray(value)) return wrongType(shape, value, path, report);
      for (const [index, item] of value.entries()) child(shape.items!, item, index);
      checkSize(shape, value.length, 'items', fail);
      if (shape.uniqueBy !== undefined && good) checkUnique(shape.uniqueBy, value, fail);
      break;
    case 'string':
      if (typeof value !== 'string') return wrongType(shape, value, path, report);
      checkText(shape, value, fail);
      break;
    case 'boolean':
      if (typeof value !== 'boolean') return wrongType(shape, value, path, report);
      break;
    default:
      if (typeof value !== 'number' || !Number.isFinite(value) || (shape.type === 'integer' && !Number.isInteger(value)))
        return wrongType(shape, value, path, report);
      checkNumber(shape, value, fail);
  }
  if (good) for (const check of shape.checks ?? []) runCheck(check, value, fail);
  return good;
}

function wrongType(shape: Shape, value: unknown, path: FieldPath, report: Report): false {
  const given = value === null ? 'nothing (null)' : Array.isArray(value) ? 'a list' : isObject(value) ? 'a mapping' : JSON.stringify(value);
  report('schema', path, `must be ${NAMES[shape.type]}, not ${given}`);
  return false;
}

function runCheck(check: Check, value: unknown, fail: (message: string) => void): void {
  // The value was just found to have the shape that the check was written for.
  const message = check(value as never);
  if (message !== undefined) fail(message);
}

function checkFields(shape: Shape, value: Record<string, unknown>, fail: (message: string) => void): void {
  for (const field of shape.required ?? []) if (value[field] === undefined) fail(`${field} is required`);
  for (const group of shape.atMostOne ?? []) {
    const set = group.filter((field) => value[field] !== undefined);
    if (set.length > 1) fail(`only one of ${group.join(', ')} may be set, not ${set.join(' and ')}`);
  }
  for (const group of shape.exactlyOne ?? []) {
    if (group.filter((field) => value[field] !== undefined).length !== 1) fail(`exactly one of ${group.join(', ')} must be set`);
  }
}

function checkSize(shape: Shape, size: number, unit: string, fail: (message: string) => void): void {
  if (shape.min !== undefined && size < shape.min) fail(`must have at least ${shape.min} ${unit}`);
  if (shape.max !== undefined && size > shape.max) fail(`must have at most ${shape.max} ${unit}`);
}

function checkUnique(fields: readonly string[], items: readonly unknown[], fail: (message: string) => void): void {
  const keys = items.map((item) => JSON.stringify(fields.length === 0 || !isObject(item) ? item : fields.map((field) => item[field] ?? null)));
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) fail(`has ${fields.length === 0 ? '' : `${fields.join(', ')} `}${twice} twice`);
}

function checkText(shape: Shape, value: string, fail: (message: string) => void): void {
  if (shape.values !== undefined && !shape.values.includes(value)) fail(`'${value}' must be one of ${shape.values.join(', ')}`);
  checkSize(shape, shape.max === undefined || value.length <= shape.max ? value.length : Array.from(value).length, 'characters', fail);
  // A text that is too long is told already; the pattern need not work on it.
  if (shape.pattern !== undefined && value.length <= (shape.max ?? 4096) && !new RegExp(shape.pattern, 'u').test(value))
    fail(`'${value}' must match ${shape.pattern}`);
}

function checkNumber(shape: Shape, value: number, fail: (message: string) => void): void {
  if (shape.min !== undefined && value < shape.min) fail(`must be at least ${shape.min}`);
  if (shape.max !== undefined && value > shape.max) fail(`must be at most ${shape.max}`);
  if (shape.enum !== undefined && !shape.enum.includes(value)) fail(`must be one of ${shape.enum.join(', ')}`);
}

/** Helps with the wrong case, the most common mistake. */
function similar(field: string, shape: Shape): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, '');
  const known = Object.keys(shape.fields!).find((one) => plain(one) === plain(field));
  return known === undefined ? '' : ` (did you mean ${known}?)`;
}
