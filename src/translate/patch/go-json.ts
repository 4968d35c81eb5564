/**
 * JSON as the reference's Go library reads it, where that is more than protobuf's own mapping: a Duration may be written as Go writes one
 * ('5m', '1h30m', '100ms'), and a field that the message does not have is passed over. And less: an Any says its type, even an empty one.
 * https://pkg.go.dev/github.com/golang/protobuf/jsonpb
 */
import type { DescField, DescMessage, JsonObject, JsonValue } from '@bufbuild/protobuf';
import { parseDuration, SECOND } from '../../api/duration.js';
import type { FieldPath } from '../../api/problem.js';
import { typeOfUrl } from './envoy-types.js';

const ANY = 'google.protobuf.Any';
const DURATION = 'google.protobuf.Duration';
/** As protobuf's mapping has it. */
const SECONDS = /^-?\d+(\.\d{1,9})?s$/;

export interface Place {
  readonly path: FieldPath;
  readonly message: string;
}

export interface GoJson {
  /** The same in protobuf's own mapping, as far as it fits the type. */
  readonly json: JsonValue;
  /** Fields that were passed over. */
  readonly unknown: readonly Place[];
  /** What no reader takes. */
  readonly wrong: readonly Place[];
}

/** Reads JSON that is to be a message of that type. Values of a wrong type are left as they are: the next reader refuses them. */
export function fromGoJson(type: DescMessage, json: JsonValue): GoJson {
  const reader = new Reader();
  return { json: reader.message(type, json, []), unknown: reader.unknown, wrong: reader.wrong };
}

class Reader {
  readonly unknown: Place[] = [];
  readonly wrong: Place[] = [];

  message(type: DescMessage, json: JsonValue, path: FieldPath): JsonValue {
    if (type.typeName === DURATION) return this.#duration(json, path);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
    if (type.typeName === ANY) return this.#any(json, path);
    return type.typeName.startsWith('google.protobuf.') ? json : this.#fields(type, json, path);
  }

  #any(json: JsonObject, path: FieldPath): JsonValue {
    const { '@type': url, ...rest } = json;
    if (typeof url !== 'string') {
      this.wrong.push({ path: [...path, '@type'], message: 'must be set: the type of the message' });
      return json;
    }
    const type = typeOfUrl(url);
    // Well-known types have a form of their own, under `value`.
    if (type === undefined || type.typeName.startsWith('google.protobuf.')) return json;
    return { '@type': url, ...this.#fields(type, rest, path) };
  }

  #fields(type: DescMessage, json: JsonObject, path: FieldPath): JsonObject {
    const entries = Object.entries(json).flatMap(([key, value]): [string, JsonValue][] => {
      const field = type.fields.find(({ name, jsonName }) => name === key || jsonName === key);
      if (field !== undefined) return [[key, this.#field(field, value, [...path, key])]];
      this.unknown.push({ path: [...path, key], message: `${type.typeName} has no such field` });
      return [];
    });
    return Object.fromEntries(entries);
  }

  #field(field: DescField, value: JsonValue, path: FieldPath): JsonValue {
    const type = field.message;
    if (type === undefined) return value;
    if (field.fieldKind === 'message') return this.message(type, value, path);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, i) => this.message(type, item, [...path, i]));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.message(type, item, [...path, key])]));
  }

  #duration(json: JsonValue, path: FieldPath): JsonValue {
    if (typeof json !== 'string' || SECONDS.test(json)) return json;
    const nanoseconds = parseDuration(json);
    if (nanoseconds !== undefined) return secondsOf(nanoseconds);
    this.wrong.push({ path, message: `'${json}' is no duration (such as 10s, 1h or 500ms)` });
    return json;
  }
}

/** `1.5s`, with as many digits as it takes. */
function secondsOf(nanoseconds: number): string {
  const size = Math.abs(nanoseconds);
  const rest = String(size % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanoseconds < 0 ? '-' : ''}${Math.floor(size / SECOND)}${rest === '' ? '' : `.${rest}`}s`;
}
