/** Fields that stand there without a value (`selector:`). They mean what their absence means: rows are free of them, so that nobody has to ask twice. */
import type { Shape } from './shapes/shape.js';

/** The value without fields that are null where their shape lets them be; itself when it holds no null. What has no shape stays as it is. */
export const withoutNulls = (shape: Shape, value: unknown): unknown => (holdsNull(value) ? cleared(shape, value) : value);

const holdsNull = (value: unknown): boolean => value === null || (typeof value === 'object' && Object.values(value).some(holdsNull));

function cleared(shape: Shape, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return shape.type === 'list' ? value.map((item) => cleared(shape.items!, item)) : value;
  if (shape.type !== 'object' && shape.type !== 'map') return value;
  const kept: [string, unknown][] = [];
  for (const [field, item] of Object.entries(value)) {
    const inner = shape.type === 'map' ? shape.items : Object.hasOwn(shape.fields!, field) ? shape.fields![field] : undefined;
    if (inner === undefined) kept.push([field, item]);
    else if (item !== null || inner.nullable !== true) kept.push([field, cleared(inner, item)]);
  }
  return Object.fromEntries(kept);
}
