/**
 * Sets of resource names that proxies subscribe to, interned: a thousand proxies with the same thousand names share one set and so one view.
 * A set is cut into chunks by position, so that a change of one resource rebuilds one chunk.
 */

/** How many names a chunk holds. */
const CHUNK = 100;

export interface NameSet {
  readonly id: string;
  readonly names: readonly string[];
  /** Slices of `names`, in order. */
  readonly chunks: readonly (readonly string[])[];
}

/** Interns name sets for as long as somebody holds them. */
export class NameSets {
  readonly #byText = new Map<string, { set: NameSet; holders: number; text: string }>();
  readonly #byId = new Map<string, NameSet>();
  #next = 0;

  /** The set of these names (sorted, distinct); hold it until {@link release}. */
  hold(names: readonly string[]): NameSet {
    const text = names.join('\n');
    const known = this.#byText.get(text);
    if (known !== undefined) {
      known.holders++;
      return known.set;
    }
    const chunks: string[][] = [];
    for (let i = 0; i < names.length; i += CHUNK) chunks.push(names.slice(i, i + CHUNK));
    const set: NameSet = { id: `n${(this.#next++).toString(36)}`, names, chunks };
    this.#byText.set(text, { set, holders: 1, text });
    this.#byId.set(set.id, set);
    return set;
  }

  /** Gives back one hold. */
  release(set: NameSet): void {
    const text = set.names.join('\n');
    const known = this.#byText.get(text);
    if (known === undefined || known.set !== set || --known.holders > 0) return;
    this.#byText.delete(text);
    this.#byId.delete(set.id);
  }

  /** The set behind an id. Throws for one that nobody holds. */
  get(id: string): NameSet {
    const set = this.#byId.get(id);
    if (set === undefined) throw new Error(`unknown name set ${id}`);
    return set;
  }
}
