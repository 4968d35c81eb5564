/**
 * One of several replicas does what must be done once: whoever holds a Lease, and renews it. It stops in time when it can't renew, and lets go
 * when it ends. https://kubernetes.io/docs/concepts/architecture/leases/
 */
import type { ApiClient } from './api-client.js';
import { hasStatus } from './api-error.js';
import { type ApiObject, apiPath } from './api-object.js';
import { pause } from './back-off.js';

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this replica. */
  readonly identity: string;
  /** Called each time that we come to lead; the signal aborts when we do no longer. */
  readonly onLead: (signal: AbortSignal) => void;
  readonly onError?: (error: unknown) => void;
  /** Seconds that others wait for a sign of life. @default 15 */
  readonly leaseSeconds?: number;
  /** Milliseconds between two looks. @default 2000 */
  readonly everyMs?: number;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}
type Lease = ApiObject & { readonly spec?: LeaseSpec };

export class LeaderElection {
  #leading: AbortController | undefined;
  #renewed = 0;
  /** Clocks of machines differ: what counts is how long we have seen no change. */
  #seen = { text: '', at: 0 };

  constructor(private readonly options: LeaderElectionOptions) {}

  get isLeader(): boolean {
    return this.#leading !== undefined;
  }

  /** Takes part until the signal aborts; then gives the lease back. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { everyMs = 2000, leaseSeconds = 15, onError } = this.options;
    while (!signal.aborted) {
      try {
        if (await this.#try(signal)) this.#renewed = performance.now();
        else this.#end();
      } catch (error) {
        if (signal.aborted) break;
        // Somebody was faster, which the next look will tell.
        if (!hasStatus(error, 409)) onError?.(error);
      }
      // A leader that has not renewed for two thirds of the time stops before others may begin.
      if (this.isLeader && performance.now() - this.#renewed > (leaseSeconds * 1000 * 2) / 3) this.#end();
      await pause(everyMs * (0.9 + Math.random() * 0.2), signal);
    }
    const wasLeader = this.isLeader;
    this.#end();
    if (wasLeader) await this.#giveBack().catch(() => undefined);
  }

  /** True when the lease is ours now. */
  async #try(signal: AbortSignal): Promise<boolean> {
    const { client, identity, leaseSeconds = 15 } = this.options;
    const now = new Date().toISOString().replace('Z', '000Z');
    const fresh: LeaseSpec = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, acquireTime: now, renewTime: now, leaseTransitions: 0 };
    const timeoutMs = (leaseSeconds * 1000) / 3;
    const lease = await this.#read(timeoutMs, signal);
    if (lease === undefined) {
      const { namespace, name } = this.options;
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec: fresh };
      await client.write('POST', this.#path(), { body, timeoutMs, signal });
      this.#begin();
      return true;
    }
    const { spec = {} } = lease;
    const isOurs = spec.holderIdentity === identity;
    if (!isOurs && !this.#isOver(spec)) return false;
    const transitions = (spec.leaseTransitions ?? 0) + (isOurs ? 0 : 1);
    const next: LeaseSpec = { ...fresh, leaseTransitions: transitions, ...(isOurs && { acquireTime: spec.acquireTime ?? now }) };
    // With the version that we read: of two who try at once one fails.
    await client.write('PUT', this.#path(this.options.name), { body: { ...lease, spec: next }, timeoutMs, signal });
    this.#begin();
    return true;
  }

  #isOver(spec: LeaseSpec): boolean {
    if (!spec.holderIdentity) return true;
    const text = `${spec.holderIdentity} ${spec.renewTime}`;
    if (text !== this.#seen.text) this.#seen = { text, at: performance.now() };
    return performance.now() - this.#seen.at > (spec.leaseDurationSeconds ?? 15) * 1000;
  }

  async #giveBack(): Promise<void> {
    const lease = await this.#read(2000);
    if (lease?.spec?.holderIdentity !== this.options.identity) return;
    const body = { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } };
    await this.options.client.write('PUT', this.#path(this.options.name), { body, timeoutMs: 2000 });
  }

  async #read(timeoutMs: number, signal?: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.options.client.get<Lease>(this.#path(this.options.name), { timeoutMs, ...(signal && { signal }) });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  #begin(): void {
    if (this.#leading !== undefined) return;
    this.#renewed = performance.now();
    this.#leading = new AbortController();
    this.options.onLead(this.#leading.signal);
  }

  #end(): void {
    this.#leading?.abort();
    this.#leading = undefined;
  }

  #path(name?: string): string {
    return apiPath({ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespace: this.options.namespace }, name);
  }
}
