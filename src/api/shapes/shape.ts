/**
 * A small notation for what a kind may hold: fields, types, limits, and rules that relate fields to each other.
 * It says what a CRD's OpenAPI schema and its CEL rules say, in a form that is quick to check and to read.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
 */

/** A rule that the types cannot say: what is wrong with the value, or nothing. Only called when the value has its shape. */
export type Check = (value: never) => string | undefined;

export interface Limits {
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  /** Smallest number, or fewest characters, items or entries. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly number[];
  /** Groups of fields of which one at most may be set. */
  readonly atMostOne?: readonly (readonly string[])[];
  readonly exactlyOne?: readonly (readonly string[])[];
  /** Fields that together must differ between the items of a list; none: the items themselves must differ. */
  readonly uniqueBy?: readonly string[];
  readonly checks?: readonly Check[];
}

export interface Shape extends Limits {
  readonly type: 'object' | 'list' | 'map' | 'string' | 'integer' | 'number' | 'boolean' | 'any';
  readonly fields?: Readonly<Record<string, Shape>>;
  /** Fields beside `fields` may be there and are not looked at. */
  readonly open?: boolean;
  /** Shape of the items of a list or of the values of a map. */
  readonly items?: Shape;
  readonly values?: readonly string[];
}

const INT32 = { min: -2147483648, max: 2147483647 };

export const any: Shape = { type: 'any' };
export const bool: Shape = { type: 'boolean' };
export const str: Shape = { type: 'string' };
export const num: Shape = { type: 'number' };
export const int: Shape = { type: 'integer', ...INT32 };
/** An int32 that is not negative. */
export const whole: Shape = { type: 'integer', min: 0, max: INT32.max };
export const uint32: Shape = { type: 'integer', min: 0, max: 4294967295 };

/** A mapping with these fields and no others. */
export const obj = (fields: Record<string, Shape>, limits: Limits = {}): Shape => ({ type: 'object', fields, ...limits });
/** A mapping of which only these fields are looked at. */
export const open = (fields: Record<string, Shape>, limits: Limits = {}): Shape => ({ type: 'object', fields, open: true, ...limits });
export const list = (items: Shape, limits: Limits = {}): Shape => ({ type: 'list', items, ...limits });
/** A mapping whose keys are free. */
export const map = (items: Shape, limits: Limits = {}): Shape => ({ type: 'map', items, ...limits });
export const oneOf = (values: readonly string[], limits: Limits = {}): Shape => ({ type: 'string', values, ...limits });
export const strWith = (limits: Limits): Shape => ({ type: 'string', ...limits });
export const numWith = (limits: Limits): Shape => ({ type: 'number', ...limits });
/** A whole number; with a lower limit only, it may be as large as JavaScript counts exactly. */
export const intWith = (limits: Limits): Shape => ({ type: 'integer', ...(limits.min === undefined ? INT32 : {}), ...limits });
export const nullable = (shape: Shape): Shape => ({ ...shape, nullable: true });
