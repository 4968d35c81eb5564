/**
 * Earlier matches by their URI, so that a match is compared only with those that may cover it: a VirtualService has as many as its document has
 * room for.
 */
import type { HTTPMatchRequest, StringMatch } from '../api/istio.js';
import { anyPath } from './match-cover.js';

export class MatchIndex<T extends { readonly match: HTTPMatchRequest }> {
  readonly #byKey = new Map<string, T[]>();
  readonly #prefixLengths = new Set<number>();

  add(one: T): void {
    const uri = one.match.uri as StringMatch | undefined;
    const key =
      one.match.ignoreUriCase === true || anyPath(uri) ? '*' : uri?.prefix ? `p${uri.prefix}` : uri?.exact ? `e${uri.exact}` : `r${uri?.regex}`;
    if (key.startsWith('p')) this.#prefixLengths.add(key.length - 1);
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, [one]);
    else known.push(one);
  }

  /** Lists, each in the order of adding, in which all are that may cover a match. */
  *candidates({ uri }: HTTPMatchRequest): Generator<readonly T[]> {
    const { prefix, exact, regex } = (uri ?? {}) as { prefix?: string; exact?: string; regex?: string };
    const path = prefix ?? exact ?? '';
    const keys = ['*', `e${exact}`, `r${regex}`];
    for (const length of this.#prefixLengths) if (length <= path.length) keys.push(`p${path.slice(0, length)}`);
    for (const key of keys) {
      const found = this.#byKey.get(key);
      if (found !== undefined) yield found;
    }
  }
}
