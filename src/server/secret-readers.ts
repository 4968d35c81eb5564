/**
 * Which service accounts may have their namespace's credentials over SDS: those that the cluster lets list Secrets there, asked when a proxy of
 * the account connects and every minute while one is. Until the first answer, and after a refusal, they get none.
 */
import { formatSpiffeId, type WorkloadIdentity } from '../ca/spiffe.js';
import { mayReadSecrets } from '../kubernetes/reviews.js';
import { type Mesh, secretReaderId } from '../model/mesh.js';
import type { Clusters } from './clusters.js';

export interface SecretReadersParts {
  readonly mesh: Mesh;
  readonly clusters: Clusters;
  /** The last verdict stays when there is no new one. */
  readonly onError: (error: unknown, id: string) => void;
  /** @default 60000 */
  readonly everyMs?: number;
}

interface Held {
  users: number;
  readonly timer: NodeJS.Timeout;
}

export class SecretReaders {
  readonly #held = new Map<string, Held>();

  constructor(private readonly parts: SecretReadersParts) {}

  /** Asks about an account for as long as somebody holds it; the answer becomes a row. Returns how to let go. */
  hold(clusterId: string, identity: WorkloadIdentity): () => void {
    const id = secretReaderId(clusterId, formatSpiffeId(identity));
    const held = this.#held.get(id);
    if (held !== undefined) held.users++;
    else {
      const ask = (): void => void this.#ask(id, clusterId, identity);
      this.#held.set(id, { users: 1, timer: setInterval(ask, this.parts.everyMs ?? 60_000).unref() });
      ask();
    }
    let isOpen = true;
    return () => {
      if (isOpen) this.#release(id);
      isOpen = false;
    };
  }

  close(): void {
    for (const { timer } of this.#held.values()) clearInterval(timer);
    this.#held.clear();
  }

  async #ask(id: string, clusterId: string, { namespace, serviceAccount }: WorkloadIdentity): Promise<void> {
    const { clusters, mesh, onError } = this.parts;
    try {
      const client = clusters.client(clusterId);
      const may = client !== undefined && (await mayReadSecrets(client, { namespace, name: serviceAccount }));
      if (!this.#held.has(id)) return;
      mesh.graph.transaction(() => (may ? mesh.rows.secretReaders.set({ id }) : mesh.rows.secretReaders.delete(id)));
    } catch (error) {
      onError(error, id);
    }
  }

  #release(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined || --held.users > 0) return;
    clearInterval(held.timer);
    this.#held.delete(id);
    this.parts.mesh.graph.transaction(() => this.parts.mesh.rows.secretReaders.delete(id));
  }
}
