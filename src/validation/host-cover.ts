/**
 * Which of many hosts cover or share names with one, without comparing each with each: an author's list may have as many as the document has
 * room for. Hosts are exact, or a suffix behind `*`; `*.a.com` also covers `*.b.a.com`.
 */

/** A list of hosts, to ask whether one of them covers a name. */
export class HostCover {
  readonly #exact = new Set<string>();
  readonly #suffixes = new Suffixes();
  /** All of them, for messages. */
  readonly text: string;

  constructor(hosts: readonly string[]) {
    this.text = hosts.join(', ');
    for (const host of hosts) {
      if (host.startsWith('*')) this.#suffixes.add(host.slice(1));
      else this.#exact.add(host);
    }
  }

  /** True when every name that `host` means is also meant by one of the list. */
  covers(host: string): boolean {
    if (!host.startsWith('*')) return this.#exact.has(host) || !this.#suffixes.endsOf(host).next().done;
    return !this.#suffixes.endsOf(host.slice(1)).next().done;
  }
}

/** For each host that shares names with an earlier one: its index, and the first such host. */
export function* overlaps(hosts: readonly string[]): Generator<[index: number, earlier: string]> {
  const suffixes = new Suffixes();
  for (const host of hosts) if (host.startsWith('*')) suffixes.add(host.slice(1));
  const exact = new Map<string, number>();
  const wild = new Map<string, number>();
  /** The first host of which a suffix is the end. */
  const below = new Map<string, number>();
  for (const [index, host] of hosts.entries()) {
    const isWild = host.startsWith('*');
    const name = isWild ? host.slice(1) : host;
    const ends = [...suffixes.endsOf(name)];
    const earlier = [isWild ? below.get(name) : exact.get(name), ...ends.map((end) => wild.get(end))].filter((at) => at !== undefined);
    if (earlier.length > 0) yield [index, hosts[Math.min(...earlier)]!];
    const same = isWild ? wild : exact;
    if (!same.has(name)) same.set(name, index);
    for (const end of ends) if (!below.has(end)) below.set(end, index);
  }
}

/** Domain names are not longer; a suffix that is ends none. */
const LONGEST = 255;

/** Texts, to ask which of them end a name: by the lengths that there are, of which a domain name has few. */
class Suffixes {
  readonly #all = new Set<string>();
  readonly #lengths = new Set<number>();

  add(suffix: string): void {
    if (suffix.length > LONGEST) return;
    this.#all.add(suffix);
    this.#lengths.add(suffix.length);
  }

  *endsOf(name: string): Generator<string> {
    for (const length of this.#lengths) {
      if (length > name.length) continue;
      const end = name.slice(name.length - length);
      if (this.#all.has(end)) yield end;
    }
  }
}
