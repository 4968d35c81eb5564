/** A google.protobuf.Struct as JSON text, the same whatever order its author wrote it in: fields by their names. */
import { compareTexts } from '../../api/text-order.js';

export function structJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(structJson).join(',')}]`;
  // Written by hand, for JavaScript's objects put names that are numbers first.
  const fields = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${fields
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([name, item]) => `${JSON.stringify(name)}:${structJson(item)}`)
    .join(',')}}`;
}
