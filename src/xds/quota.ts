/** How many of something each of many may have at a time: streams of an identity, connections of an address. */
export class Quota {
  readonly #taken = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** Takes one for `key`; false when it has as many as it may. */
  take(key: string): boolean {
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.limit) return false;
    this.#taken.set(key, taken + 1);
    return true;
  }

  /** Gives back one that was taken. */
  give(key: string): void {
    const taken = this.#taken.get(key) ?? 0;
    if (taken > 1) this.#taken.set(key, taken - 1);
    else this.#taken.delete(key);
  }
}

/** The host of `HOST:PORT`, an IPv4 address in its own form wherever it comes from. */
export function hostOf(address: string): string {
  const host = address.slice(0, Math.max(address.lastIndexOf(':'), 0)).replace(/^\[(.*)\]$/, '$1');
  return host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
}
