/**
 * Keeps key sets fresh that RequestAuthentications name by URL or by issuer (RA-004, RA-005). Until the first success there is no set, and
 * translation puts one in its place that no token satisfies; later failures keep the last good set for a while.
 */
import type { FetchedKeys, KeysSource } from '../../api/jwks.js';
import type { AddressGuard } from './address-guard.js';
import { fetchDocument } from './fetch-document.js';
import { keysUri, publicKeys } from './public-keys.js';

export interface WantedKeys extends KeysSource {
  readonly timeoutMs: number;
}

export interface KeysFetcherOptions {
  readonly permits: AddressGuard;
  /** As of {@link FetchOptions}. */
  readonly authorities?: readonly string[];
  readonly onKeys: (keys: FetchedKeys) => void;
  /** The set may not be used any longer: nobody wants it, or it is too old. */
  readonly onGone: (source: string) => void;
  readonly onError: (source: string, error: unknown) => void;
  /** A fetch succeeded, with news or without. */
  readonly onFetched?: () => void;
  /** For tests. */
  readonly times?: Partial<FetchTimes>;
}

/** In milliseconds. */
export interface FetchTimes {
  readonly refresh: number;
  readonly firstRetry: number;
  readonly longestRetry: number;
  /** A set that could not be refreshed for so long is dropped. */
  readonly expiry: number;
}

const MINUTE = 60_000;
const TIMES: FetchTimes = { refresh: 20 * MINUTE, firstRetry: 5_000, longestRetry: 20 * MINUTE, expiry: 7 * 24 * 60 * MINUTE };
const MAX_BYTES = 1 << 20;
/** Fetches under way at once. */
const MAX_ACTIVE = 8;

interface State {
  wanted: WantedKeys;
  readonly stop: AbortController;
  timer?: NodeJS.Timeout;
  jwks?: string;
  fetchedAt: number;
  failures: number;
}

export class KeysFetcher {
  readonly #states = new Map<string, State>();
  readonly #waiting: (() => void)[] = [];
  readonly #times: FetchTimes;
  #active = 0;

  constructor(private readonly options: KeysFetcherOptions) {
    this.#times = { ...TIMES, ...options.times };
  }

  /** Replaces the list of wanted sources. Resolves when each new one was tried once. */
  async want(sources: readonly WantedKeys[]): Promise<void> {
    const wanted = new Map(sources.map((source) => [source.key, source]));
    for (const [key, state] of this.#states) if (!wanted.has(key)) this.#forget(key, state);
    const fresh: State[] = [];
    for (const [key, source] of wanted) {
      const state = this.#states.get(key);
      if (state !== undefined) state.wanted = source;
      else {
        const added: State = { wanted: source, stop: new AbortController(), fetchedAt: 0, failures: 0 };
        this.#states.set(key, added);
        fresh.push(added);
      }
    }
    await Promise.all(fresh.map((state) => this.#refresh(state)));
  }

  close(): void {
    for (const state of this.#states.values()) this.#end(state);
    this.#states.clear();
  }

  #forget(key: string, state: State): void {
    this.#end(state);
    this.#states.delete(key);
    if (state.jwks !== undefined) this.options.onGone(key);
  }

  #end(state: State): void {
    state.stop.abort();
    clearTimeout(state.timer);
  }

  async #refresh(state: State): Promise<void> {
    const { key } = state.wanted;
    await this.#slot();
    try {
      const jwks = await this.#fetch(state);
      if (state.stop.signal.aborted) return;
      this.options.onFetched?.();
      const isNew = state.jwks !== jwks;
      Object.assign(state, { jwks, fetchedAt: Date.now(), failures: 0 });
      if (isNew) this.options.onKeys({ source: key, jwks });
    } catch (error) {
      if (state.stop.signal.aborted) return;
      state.failures += 1;
      this.options.onError(key, error);
      if (state.jwks !== undefined && Date.now() - state.fetchedAt >= this.#times.expiry) {
        delete state.jwks;
        this.options.onGone(key);
      }
    } finally {
      this.#free();
    }
    state.timer = setTimeout(() => void this.#refresh(state), this.#delay(state)).unref();
  }

  async #fetch({ wanted, stop }: State): Promise<string> {
    const { permits, authorities } = this.options;
    const options = { permits, timeoutMs: wanted.timeoutMs, maxBytes: MAX_BYTES, signal: stop.signal, ...(authorities && { authorities }) };
    const uri = wanted.isDiscovery ? keysUri(await fetchDocument(wanted.uri, options)) : wanted.uri;
    return publicKeys(await fetchDocument(uri, options));
  }

  /** Up to a tenth earlier, so that sources do not march in step. */
  #delay({ failures }: State): number {
    const { refresh, firstRetry, longestRetry } = this.#times;
    const delay = failures === 0 ? refresh : Math.min(firstRetry * 2 ** (failures - 1), longestRetry);
    return delay * (1 - Math.random() / 10);
  }

  async #slot(): Promise<void> {
    if (this.#active >= MAX_ACTIVE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active += 1;
  }

  #free(): void {
    this.#active -= 1;
    this.#waiting.shift()?.();
  }
}
