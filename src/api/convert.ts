/**
 * Parsed YAML or JSON → a row. The first step behind every source: finds the kind, fills in the metadata that Kubernetes would,
 * and freezes. Field names stay as they were written; what a spec may hold is the schema's and validation's business.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/
 */
import { type AnyRow, findKind, isIgnoredKind, type KindInfo, splitApiVersion } from './kinds.js';
import { withoutNulls } from './nulls.js';
import type { Problem, ResourceName } from './problem.js';
import type { ObjectMeta, SourceLocation } from './resource.js';
import { shapes } from './shapes/index.js';
import { statusShapes } from './shapes/kubernetes.js';
import { any } from './shapes/shape.js';

/** What conversion made of one object: a row, nothing (a kind of no use here), or reasons why not. */
export interface Converted {
  readonly row?: AnyRow;
  readonly info?: KindInfo;
  readonly problems: readonly Problem[];
}

/** What the source knows about the object. */
export interface ConvertOptions {
  readonly location?: SourceLocation;
  /** Position in its file; decides the age of an object without a creationTimestamp. */
  readonly order?: number;
}

const FIRST_OF_2026 = Date.UTC(2026, 0, 1);
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
/** Characters of a part of a DNS name. */
const LABEL = 63;
const HEADER = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/** True for a mapping (not a list, not null). */
export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A name that YAML takes for another scalar (`name: false`, `name: 1`) is still the name that was meant. */
const scalar = (value: unknown): string | undefined => (typeof value === 'boolean' || typeof value === 'number' ? String(value) : text(value));

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Freezes a tree of plain values. Deep trees are refused by the parser, so recursion is safe. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}

/** Who the object says it is, for messages; also when it is broken. */
export function nameOf(object: Record<string, unknown>): ResourceName {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const kind = text(object['kind']) ?? '?';
  const info = findKind(text(object['apiVersion']) ?? '', kind);
  const namespace = info?.namespaced === false ? '' : (text(metadata['namespace']) ?? 'default');
  return { kind: info?.kind ?? kind, namespace, name: scalar(metadata['name']) ?? '' };
}

/** Makes a row of a parsed object, frozen. */
export function convert(object: unknown, options: ConvertOptions = {}): Converted {
  if (!isObject(object)) return refuse('not-a-resource', 'a resource must be a mapping with apiVersion and kind', options);
  const apiVersion = text(object['apiVersion']);
  const kind = text(object['kind']);
  if (apiVersion === undefined) return refuse('not-a-resource', 'apiVersion is missing', options, object, 'apiVersion');
  if (kind === undefined) return refuse('not-a-resource', 'kind is missing', options, object, 'kind');
  const info = findKind(apiVersion, kind);
  if (info === undefined) {
    if (isIgnoredKind(apiVersion, kind)) return { problems: [] };
    return refuse('unknown-kind', `no kind ${kind} in ${apiVersion} is known here`, options, object, 'kind', 'warning');
  }
  const [, version] = splitApiVersion(apiVersion);
  if (!info.versions.includes(version)) {
    const known = info.versions.map((one) => (info.group === '' ? one : `${info.group}/${one}`)).join(', ');
    return refuse('unknown-version', `${kind} has no version ${apiVersion}; it is read as ${known}`, options, object, 'apiVersion');
  }
  const problems: Problem[] = [];
  const metadata = metadataOf(object, info, (field, message) => problems.push(problem('metadata', message, options, object, field)));
  if (problems.length > 0) return { info, problems };
  const spec = info.body === 'spec' ? (object['spec'] ?? {}) : bodyOf(object);
  if (!isObject(spec)) return refuse('schema', 'must be a mapping', options, object, 'spec');
  const { status } = object;
  const row = {
    kind: info.kind,
    apiVersion,
    metadata: Object.freeze(metadata),
    spec: deepFreeze(withoutNulls(shapes[info.kind] ?? any, spec)),
    ...(status === undefined || status === null ? {} : { status: deepFreeze(withoutNulls(statusShapes[info.kind] ?? any, status)) }),
    createdAt: createdAt(object, info, options.order ?? 0),
    ...(options.location === undefined ? {} : { location: options.location }),
  } as unknown as AnyRow;
  return { row: Object.freeze(row), info, problems: [] };
}

function metadataOf(object: Record<string, unknown>, info: KindInfo, report: (field: string, message: string) => void): ObjectMeta {
  const given = object['metadata'];
  if (!isObject(given)) report('metadata', 'is missing');
  const meta = isObject(given) ? given : {};
  const name = scalar(meta['name']);
  if (isObject(given) && name === undefined) report('metadata.name', 'is missing');
  // As Kubernetes does; names that we derive ourselves (Gateway API) hold a '~', so that nobody can write over them.
  if (name !== undefined && (name.length > (info.kind === 'Service' || info.kind === 'Namespace' ? LABEL : 253) || !DNS_SUBDOMAIN.test(name)))
    report('metadata.name', `${JSON.stringify(name)} must be lower-case letters, digits, '-' and '.', and begin and end with a letter or digit`);
  const namespace = text(meta['namespace']);
  if (meta['namespace'] !== undefined && meta['namespace'] !== null && typeof meta['namespace'] !== 'string')
    report('metadata.namespace', 'must be a string');
  else if (namespace !== undefined && (namespace.length > LABEL || namespace.includes('.') || !DNS_SUBDOMAIN.test(namespace)))
    report(
      'metadata.namespace',
      `${JSON.stringify(namespace)} must be lower-case letters, digits and '-', ${LABEL} at most, and begin and end with a letter or digit`,
    );
  const optional: { -readonly [K in 'uid' | 'resourceVersion' | 'generation' | 'deletionTimestamp' | 'ownerReferences']?: ObjectMeta[K] } = {};
  for (const field of ['uid', 'resourceVersion', 'deletionTimestamp'] as const) {
    const value = text(meta[field]);
    if (value !== undefined) optional[field] = value;
  }
  if (typeof meta['generation'] === 'number') optional.generation = meta['generation'];
  const owners = ownersOf(meta['ownerReferences']);
  if (owners.length > 0) optional.ownerReferences = owners;
  return {
    name: name ?? '',
    namespace: info.namespaced ? (namespace ?? 'default') : '',
    labels: stringMap(meta['labels'], 'metadata.labels', report),
    annotations: stringMap(meta['annotations'], 'metadata.annotations', report),
    ...optional,
  };
}

/** The references that name an owner; what is malformed is nobody's. */
function ownersOf(value: unknown): NonNullable<ObjectMeta['ownerReferences']> {
  return (Array.isArray(value) ? value : []).filter(isObject).flatMap((reference) => {
    const [kind, name] = [text(reference['kind']), text(reference['name'])];
    return kind === undefined || name === undefined ? [] : [{ kind, name, controller: reference['controller'] === true }];
  });
}

/** Labels and annotations are strings; Kubernetes refuses an unquoted number or boolean, and so do we. */
function stringMap(value: unknown, field: string, report: (field: string, message: string) => void): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return Object.freeze({});
  if (!isObject(value)) {
    report(field, 'must be a mapping');
    return Object.freeze({});
  }
  const result: Record<string, string> = {};
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'string') result[key] = item;
    else if (item === null) result[key] = '';
    else report(`${field}.${key}`, 'must be a string (quote it)');
  }
  return Object.freeze(result);
}

function bodyOf(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !HEADER.has(field)));
}

function createdAt(object: Record<string, unknown>, info: KindInfo, order: number): number {
  const stamp = isObject(object['metadata']) ? object['metadata']['creationTimestamp'] : undefined;
  const time = typeof stamp === 'string' ? Date.parse(stamp) : stamp instanceof Date ? stamp.getTime() : Number.NaN;
  if (!Number.isNaN(time)) return time;
  return info.native ? 0 : FIRST_OF_2026 + order * 1000;
}

function problem(code: string, message: string, options: ConvertOptions, object?: Record<string, unknown>, field?: string): Problem {
  return {
    severity: 'error',
    code,
    message,
    ...(field === undefined ? {} : { field, path: field.split('.') }),
    ...(options.location === undefined ? {} : { location: options.location }),
    ...(object === undefined ? {} : { resource: nameOf(object) }),
  };
}

function refuse(
  code: string,
  message: string,
  options: ConvertOptions,
  object?: Record<string, unknown>,
  field?: string,
  severity: Problem['severity'] = 'error',
): Converted {
  return { problems: [{ ...problem(code, message, options, object, field), severity }] };
}
