/** The Kubernetes clusters that we can ask: the one whose configuration holds, and remote ones by name. They come and go. */
import type { ApiClient } from '../kubernetes/api-client.js';

export class Clusters {
  readonly #remote = new Map<string, ApiClient>();
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly own: ApiClient,
    /** Name of that cluster. */
    readonly name: string,
  ) {}

  /** Remote clusters and how to reach them. */
  get remote(): ReadonlyMap<string, ApiClient> {
    return this.#remote;
  }

  set(cluster: string, client: ApiClient): void {
    this.#remote.set(cluster, client);
    this.#tell();
  }

  delete(cluster: string): void {
    this.#remote.delete(cluster);
    this.#tell();
  }

  /** Who answers for a cluster; a caller that names none is of our own. */
  client(cluster: string): ApiClient | undefined {
    return cluster === '' || cluster === this.name ? this.own : this.#remote.get(cluster);
  }

  /** Calls back when one came, changed or went. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
