/**
 * Which kinds the API server serves now, in which versions: looked up every few seconds, so that a CustomResourceDefinition that comes or
 * goes is noticed. One conditional request as long as nothing changes.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
import type { ApiClient } from './api-client.js';
import { asError, hasStatus } from './api-error.js';
import { BackOff, pause } from './back-off.js';

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

interface GroupDiscovery {
  readonly metadata: { readonly name: string };
  readonly versions?: readonly {
    readonly version: string;
    /** `Stale`: an aggregated server did not answer, and nothing is known of it. */
    readonly freshness?: string;
    readonly resources?: readonly { readonly resource: string }[];
  }[];
}
interface GroupList {
  readonly kind?: string;
  readonly items?: readonly GroupDiscovery[];
  readonly groups?: readonly { readonly name: string; readonly versions: readonly { readonly version: string }[] }[];
}

export interface DiscoveryOptions {
  readonly client: ApiClient;
  /** Groups that matter. Others are passed over. */
  readonly groups: ReadonlySet<string>;
  /** Milliseconds between two looks. @default 5000 */
  readonly everyMs?: number;
  /** Told of every failure, and of undefined after a look that went well. */
  readonly onState?: (error: Error | undefined) => void;
}

export class Discovery {
  /** `group/version` → plural names. */
  #served: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #etag: string | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly options: DiscoveryOptions) {}

  /** Resolves with the first answer of the server, then keeps looking until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const backOff = new BackOff();
    while (!signal.aborted && !(await this.#tryRefresh())) await backOff.wait(signal);
    void this.#poll(signal);
  }

  /** The newest of the versions that the server has the kind in; undefined when it has none. The core group is always there. */
  version(group: string, versions: readonly string[], plural: string): string | undefined {
    if (group === '') return versions[0];
    return versions.find((version) => this.#served.get(`${group}/${version}`)?.has(plural));
  }

  /** Calls back when anything changed. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks now. Rejects when the server does not answer. */
  async refresh(): Promise<void> {
    const headers: Record<string, string> = this.#etag === undefined ? {} : { 'if-none-match': this.#etag };
    const answer = await this.options.client.send('GET', '/apis', { accept: AGGREGATED, headers });
    if (answer.status === 304) return;
    const list = JSON.parse(answer.text) as GroupList;
    const served = list.items === undefined ? await this.#oneByOne(list) : this.#aggregated(list.items);
    // An answer without a tag, or in the old form, is read in full each time.
    this.#etag = list.items === undefined ? undefined : answer.headers.etag;
    const changed = textOf(served) !== textOf(this.#served);
    this.#served = served;
    if (changed) for (const listener of this.#listeners) listener();
  }

  #aggregated(items: readonly GroupDiscovery[]): Map<string, ReadonlySet<string>> {
    const served = new Map<string, ReadonlySet<string>>();
    for (const { metadata, versions = [] } of items) {
      if (!this.options.groups.has(metadata.name)) continue;
      for (const { version, freshness, resources = [] } of versions) {
        const name = `${metadata.name}/${version}`;
        const known = freshness === 'Stale' ? this.#served.get(name) : undefined;
        served.set(name, known ?? new Set(resources.map(({ resource }) => resource)));
      }
    }
    return served;
  }

  /** Servers before Kubernetes 1.27. */
  async #oneByOne({ groups = [] }: GroupList): Promise<Map<string, ReadonlySet<string>>> {
    const served = new Map<string, ReadonlySet<string>>();
    for (const { name, versions } of groups) {
      if (!this.options.groups.has(name)) continue;
      for (const { version } of versions) {
        try {
          const { resources = [] } = await this.options.client.get<{ resources?: { name: string }[] }>(`/apis/${name}/${version}`);
          served.set(`${name}/${version}`, new Set(resources.map((resource) => resource.name)));
        } catch (error) {
          if (!hasStatus(error, 404)) throw error;
        }
      }
    }
    return served;
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.options.everyMs ?? 5000, signal);
      if (!signal.aborted) await this.#tryRefresh();
    }
  }

  async #tryRefresh(): Promise<boolean> {
    try {
      await this.refresh();
      this.options.onState?.(undefined);
      return true;
    } catch (error) {
      this.options.onState?.(asError(error));
      return false;
    }
  }
}

const textOf = (served: ReadonlyMap<string, ReadonlySet<string>>): string =>
  JSON.stringify([...served].map(([name, plurals]) => [name, [...plurals].sort()]).sort());
