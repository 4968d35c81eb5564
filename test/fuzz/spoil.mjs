/** Ways to spoil one field of a value, at every place of it. */

const LONG = 'a'.repeat(300);
const TEXTS = ['', '*', 'a', 'a b', 'A.b', '-1', '0', '1s', '-1s', '0.1ms', 'é', '%', '\n', '10.0.0.0/8', '10.0.0.1', '::1', '/x', 'http://x', LONG];
const NUMBERS = [0, 1, -1, 0.5, 101, 65536, 2 ** 31, 2 ** 40];

/** What may stand in place of a value; undefined leaves it out. */
export function odd(value) {
  const other = [undefined, null];
  if (typeof value === 'string') return [...other, ...TEXTS, 7, {}];
  if (typeof value === 'number') return [...other, ...NUMBERS, 'a'];
  if (typeof value === 'boolean') return [...other, !value, 'a'];
  if (Array.isArray(value)) return [...other, [], [...value, ...value], [null], [{}], 'a'];
  return [...other, {}, [], 'a', { odd: 'a' }];
}

/** The path of every place in a value. */
export function* places(value, path = []) {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) yield* places(value[key], [...path, key]);
}

/** A path without positions: the field that it is. */
export const fieldOf = (path) => path.map((step) => (/^\d+$/.test(step) ? '[]' : step)).join('.');

/** A copy of `value` with `put` at the path; undefined leaves the place out. */
export function replaced(value, path, put) {
  const copy = structuredClone(value);
  const at = path.slice(0, -1).reduce((one, step) => one[step], copy);
  if (put !== undefined) at[path.at(-1)] = put;
  else if (Array.isArray(at)) at.splice(Number(path.at(-1)), 1);
  else delete at[path.at(-1)];
  return copy;
}
