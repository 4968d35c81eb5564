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

interface Held {
  readonly set: NameSet;
  readonly text: string;
  holders: number;
}

/** Interns name sets for as long as somebody holds them. */
export class NameSets {
  readonly #byText = new Map<string, Held>();
  readonly #byId = new Map<string, Held>();
  /** Proxies with the same view mostly come with the very same list, which need not be compared. */
  readonly #byList = new WeakMap<readonly string[], Held>();
  #next = 0;

  /** The set of these names (sorted, distinct) as far as they can be names; hold it until {@link release}. */
  hold(wanted: readonly string[]): NameSet {
    const same = this.#byList.get(wanted);
    if (same !== undefined && same.holders > 0) {
      same.holders++;
      return same.set;
    }
    const names = wanted.every(canBeName) ? wanted : wanted.filter(canBeName);
    const text = names.join('\n');
    const known = this.#byText.get(text);
    if (known !== undefined) {
      known.holders++;
      this.#byList.set(wanted, known);
      return known.set;
    }
    const chunks: string[][] = [];
    for (let i = 0; i < names.length; i += CHUNK) chunks.push(names.slice(i, i + CHUNK));
    const set: NameSet = { id: `n${(this.#next++).toString(36)}`, names, chunks };
    const held = { set, holders: 1, text };
    this.#byText.set(text, held);
    this.#byId.set(set.id, held);
    this.#byList.set(wanted, held);
    return set;
  }

  /** Gives back one hold. */
  release(set: NameSet): void {
    const known = this.#byId.get(set.id);
    if (known === undefined || known.set !== set || --known.holders > 0) return;
    this.#byText.delete(known.text);
    this.#byId.delete(set.id);
  }

  /** The set behind an id. Throws for one that nobody holds. */
  get(id: string): NameSet {
    const set = this.#byId.get(id)?.set;
    if (set === undefined) throw new Error(`unknown name set ${id}`);
    return set;
  }
}

/** Clients choose the text, and keys of queries are put together with control characters: nothing that is served has one in its name. */
function canBeName(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return false;
  return true;
}
