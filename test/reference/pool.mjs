/** What the fields of many resources hold, so that others can be given it. */
import { fieldOf, places } from '../fuzz/spoil.mjs';

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

/** True for the first `each` times that something is met. */
export function firstTimes(each) {
  const seen = new Map();
  return (what) => {
    const times = seen.get(what) ?? 0;
    seen.set(what, times + 1);
    return times < each;
  };
}
