/**
 * Keeps the addresses of names fresh that proxies can't resolve themselves: an EDS endpoint is an IP address. A name that can't be resolved
 * any longer keeps its last addresses. https://www.rfc-editor.org/rfc/rfc1034
 */
import { resolve4, resolve6 } from 'node:dns/promises';

export interface ResolvedHost {
  readonly addresses: readonly string[];
  /** Seconds for which the answer holds. */
  readonly ttl: number;
}

export interface HostResolverOptions {
  readonly onAddresses: (hostname: string, addresses: readonly string[]) => void;
  readonly onGone: (hostname: string) => void;
  readonly onError: (hostname: string, error: unknown) => void;
  /** @default DNS */
  readonly resolve?: (hostname: string) => Promise<ResolvedHost>;
  /** For tests. */
  readonly times?: Partial<ResolveTimes>;
}

/** In milliseconds. */
export interface ResolveTimes {
  /** However short an answer holds. */
  readonly shortest: number;
  /** However long it holds. */
  readonly longest: number;
}

const TIMES: ResolveTimes = { shortest: 30_000, longest: 3_600_000 };

interface Entry {
  timer?: NodeJS.Timeout;
  addresses?: string;
}

export class HostResolver {
  readonly #entries = new Map<string, Entry>();
  readonly #times: ResolveTimes;

  constructor(private readonly options: HostResolverOptions) {
    this.#times = { ...TIMES, ...options.times };
  }

  /** Takes over which names are wanted. Resolves when each new one was tried once. */
  async want(hostnames: readonly string[]): Promise<void> {
    for (const [hostname, { timer, addresses }] of this.#entries) {
      if (hostnames.includes(hostname)) continue;
      clearTimeout(timer);
      this.#entries.delete(hostname);
      if (addresses !== undefined) this.options.onGone(hostname);
    }
    const fresh = hostnames.filter((hostname) => !this.#entries.has(hostname));
    for (const hostname of fresh) this.#entries.set(hostname, {});
    await Promise.all(fresh.map((hostname) => this.#refresh(hostname)));
  }

  close(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    this.#entries.clear();
  }

  async #refresh(hostname: string): Promise<void> {
    const entry = this.#entries.get(hostname);
    if (entry === undefined) return;
    let again = this.#times.shortest;
    try {
      const { addresses, ttl } = await (this.options.resolve ?? fromDns)(hostname);
      if (this.#entries.get(hostname) !== entry) return;
      again = Math.min(Math.max(ttl * 1000, this.#times.shortest), this.#times.longest);
      const sorted = [...new Set(addresses)].sort();
      const text = sorted.join();
      if (text !== entry.addresses) this.options.onAddresses(hostname, sorted);
      entry.addresses = text;
    } catch (error) {
      if (this.#entries.get(hostname) !== entry) return;
      this.options.onError(hostname, error);
    }
    entry.timer = setTimeout(() => void this.#refresh(hostname), again).unref();
  }
}

/** Both families; an error only where neither has an address. */
async function fromDns(hostname: string): Promise<ResolvedHost> {
  const answers = await Promise.allSettled([resolve4(hostname, { ttl: true }), resolve6(hostname, { ttl: true })]);
  const records = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (records.length > 0) return { addresses: records.map(({ address }) => address), ttl: Math.min(...records.map(({ ttl }) => ttl)) };
  const failed = answers.find((answer) => answer.status === 'rejected');
  throw failed === undefined ? new Error(`${hostname} has no address`) : failed.reason;
}
