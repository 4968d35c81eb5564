/**
 * Finds where in a JSON value its reading as a message failed. The library names the message but not the place in it, and places are what
 * users look for. Runs only after a failure.
 */
import { type DescField, type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf';
import type { FieldPath } from '../../api/problem.js';
import { envoyTypes, typeOfUrl } from './envoy-types.js';

export interface Explanation {
  readonly path: FieldPath;
  readonly message: string;
}

const ANY = 'google.protobuf.Any';

/** The deepest place that fails on its own, with the reason. */
export function explainJson(type: DescMessage, json: JsonValue, error: unknown): Explanation {
  if (type.typeName === ANY) return explainAny(json, error);
  const reason = here(textOf(error));
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return reason;
  // Wrappers, Durations, Structs and their like have a JSON form of their own, without fields.
  if (type.typeName.startsWith('google.protobuf.')) return reason;
  for (const [key, value] of Object.entries(json)) {
    const field = type.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) continue;
    const failure = failureOf(type, { [key]: value });
    if (failure !== undefined) return below([key], explainField(field, value, failure));
  }
  return reason;
}

function explainField(field: DescField, value: JsonValue, error: unknown): Explanation {
  const type = field.fieldKind === 'scalar' || field.fieldKind === 'enum' ? undefined : field.message;
  if (type === undefined) return here(describe(field, error));
  const items =
    field.fieldKind === 'message' ? [] : typeof value === 'object' && value !== null ? Object.entries(value as Record<string, JsonValue>) : [];
  for (const [key, item] of items) {
    const failure = failureOf(type, item);
    if (failure !== undefined) return below([Array.isArray(value) ? Number(key) : key], explainJson(type, item, failure));
  }
  return field.fieldKind === 'message' ? explainJson(type, value, error) : here(describe(field, error));
}

function explainAny(json: JsonValue, error: unknown): Explanation {
  const reason = here(textOf(error));
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return reason;
  const url = json['@type'];
  if (typeof url !== 'string' || url === '') return below(['@type'], here('must be set: the type of the message'));
  const type = typeOfUrl(url);
  if (type === undefined) return below(['@type'], here(`${url} is not a type of the Envoy API known here`));
  const { '@type': _, ...rest } = json;
  const failure = failureOf(type, rest);
  return failure === undefined ? reason : explainJson(type, rest, failure);
}

function describe(field: DescField, error: unknown): string {
  const values = field.enum?.values.map(({ name }) => name) ?? [];
  if (values.length > 0) return `must be one of ${values.join(', ')}`;
  return textOf(error);
}

function failureOf(type: DescMessage, json: JsonValue): unknown {
  try {
    fromJson(type, json, { registry: envoyTypes() });
    return undefined;
  } catch (error) {
    return error;
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const here = (message: string): Explanation => ({ path: [], message });
const below = (steps: FieldPath, explanation: Explanation): Explanation => ({ ...explanation, path: [...steps, ...explanation.path] });
