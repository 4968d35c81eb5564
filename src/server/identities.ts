/**
 * Keeps a fresh certificate row for every identity that a connected proxy has proved: made before its first stream is answered,
 * rotated by the CA, dropped with its last stream.
 */
import type { WorkloadIdentity } from '../ca/spiffe.js';
import { formatSpiffeId } from '../ca/spiffe.js';
import type { WorkloadCertificates } from '../ca/workload-certificates.js';
import type { Mesh } from '../model/mesh.js';

export class Identities {
  readonly #users = new Map<string, number>();
  readonly #stop: () => void;

  constructor(
    private readonly mesh: Mesh,
    private readonly certificates: WorkloadCertificates,
  ) {
    this.#stop = certificates.onChange((identity, { certChainPem, privateKeyPem, rootPem, crlPem }) => {
      const id = formatSpiffeId(identity);
      mesh.graph.transaction(() => mesh.rows.certificates.set({ id, certChainPem, privateKeyPem, rootPem, ...(crlPem !== undefined && { crlPem }) }));
    });
  }

  /** Resolves when the identity's row is there; returns what gives it up. Rejects when no certificate can be made now. */
  async hold(identity: WorkloadIdentity): Promise<() => void> {
    const id = formatSpiffeId(identity);
    this.#users.set(id, (this.#users.get(id) ?? 0) + 1);
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#release(identity, id);
    };
    try {
      await this.certificates.get(identity);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends all rotation. */
  close(): void {
    this.#stop();
    this.certificates.close();
  }

  #release(identity: WorkloadIdentity, id: string): void {
    const users = (this.#users.get(id) ?? 1) - 1;
    if (users > 0) {
      this.#users.set(id, users);
      return;
    }
    this.#users.delete(id);
    this.certificates.release(identity);
    this.mesh.graph.transaction(() => this.mesh.rows.certificates.delete(id));
  }
}
