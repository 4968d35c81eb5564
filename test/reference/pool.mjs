/** What the fields of many resources hold, and resources with one field changed to it. */
import { fieldOf, places, replaced } from '../fuzz/spoil.mjs';

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values by field; a field is its kind and its path without positions. */
export class Pool {
  #values = new Map();
  #names = new Map();

  /** `kind` is what its fields are called by. */
  add(kind, value) {
    for (const path of places(value)) {
      const field = `${kind}.${fieldOf(path)}`;
      const text = JSON.stringify(path.reduce((one, step) => one[step], value));
      if (!this.#values.has(field)) this.#values.set(field, new Set());
      this.#values.get(field).add(text);
      const parent = field.slice(0, field.lastIndexOf('.'));
      if (!this.#names.has(parent)) this.#names.set(parent, new Set());
      this.#names.get(parent).add(path.at(-1));
    }
  }

  /** The first `count` values of a field. */
  values(field, count) {
    return [...(this.#values.get(field) ?? [])].slice(0, count).map((text) => JSON.parse(text));
  }

  /** Fields that objects of this field have elsewhere and `now` has not. */
  missing(field, now) {
    return isObject(now) ? [...(this.#names.get(field) ?? [])].filter((name) => !(name in now) && !/^\d+$/.test(name)) : [];
  }
}

/**
 * `[what, value]`: a value of a kind with one field changed, at a time. `puts(now, field)` says what is put in the place of what stands there; fields that
 * others have are added, unless `keeps(field)`; `isNew` says whether a change was not made often enough; `skips(path)` are left alone.
 */
export function* changed(kind, value, { pool, isNew, skips, puts, keeps = () => false }) {
  for (const path of [[], ...places(value)]) {
    if (skips(path)) continue;
    const field = [kind, ...(path.length > 0 ? [fieldOf(path)] : [])].join('.');
    const now = path.reduce((one, step) => one[step], value);
    const change = (at, put) => [`${kind}.${at.join('.')} = ${JSON.stringify(put)}`, replaced(value, at, put)];
    if (path.length > 0 && isNew(field)) for (const put of puts(now, field)) yield change(path, put);
    for (const name of keeps(field) ? [] : pool.missing(field, now)) {
      if (!isNew(`+${Object.keys(now).sort().join()}+${field}.${name}`)) continue;
      for (const put of pool.values(`${field}.${name}`, 2)) yield change([...path, name], put);
    }
  }
}

/** True for the first `each` times that something is met. */
export function firstTimes(each) {
  const seen = new Map();
  return (what) => {
    const times = seen.get(what) ?? 0;
    seen.set(what, times + 1);
    return times < each;
  };
}
