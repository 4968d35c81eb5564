/**
 * Workloads outside Kubernetes (SD-052 to SD-055): a proxy whose node names a WorkloadGroup becomes a WorkloadEntry while it is connected
 * and for a grace period after that, so that a reconnect changes nothing. The entries are rows like any other; they survive a restart of the
 * control plane in the data folder. Reports of a proxy on its workload's health end here too.
 */
import { isDeepStrictEqual } from 'node:util';
import type { WorkloadEntry, WorkloadGroup } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import type { WorkloadIdentity } from '../ca/spiffe.js';
import { formatSpiffeId } from '../ca/spiffe.js';
import type { Mesh } from '../model/mesh.js';
import type { Proxy } from '../model/proxy.js';
import {
  disconnectedEntry,
  healthCondition,
  healthStatus,
  REGISTRATION,
  registeredEntry,
  reportsHealth,
  withHealthChecks,
} from '../model/workload-registration.js';
import { GrpcStatus, Refusal } from '../xds/provider.js';
import type { RegistrationFiles } from './registration-files.js';

/** What {@link Registrations} are made of. */
export interface RegistrationParts {
  readonly mesh: Mesh;
  readonly files: RegistrationFiles;
  /** How long an entry outlives its last stream. */
  readonly graceMs: number;
  readonly metrics?: RegistrationMetrics;
  readonly now?: () => Date;
}

/** What is counted (MT-008). */
export type RegistrationMetrics = Readonly<
  Record<'registered' | 'registrationUpdates' | 'unregistered' | 'registrationDeletes' | 'registrationErrors', { inc(): void }>
>;

/** One stream of a proxy that stands for a WorkloadEntry. */
export interface Registration {
  readonly entry: WorkloadEntry;
  /** Takes in a report on the workload's health. */
  reportHealth(isHealthy: boolean, message: string): void;
  /** The stream is over. Idempotent. */
  close(): void;
}

/** After a restart proxies need time to find back: Envoy waits up to half a minute between two attempts. */
const LEAST_RESTART_GRACE_MS = 60_000;

export class Registrations {
  /** Open streams of each entry that is ours. */
  readonly #streams = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #now: () => Date;

  constructor(private readonly parts: RegistrationParts) {
    this.#now = parts.now ?? (() => new Date());
  }

  /** Brings back what was registered when the control plane ended. */
  restore(): void {
    const { files, graceMs } = this.parts;
    for (const entry of files.load()) {
      const key = keyOf(entry);
      if (this.#entries.has(key)) {
        files.delete(key);
        continue;
      }
      this.#streams.set(key, 0);
      const gone = entry.metadata.annotations[REGISTRATION.disconnectedAt] === undefined ? disconnectedEntry(entry, this.#now()) : entry;
      this.#write(gone);
      this.#expire(key, Math.max(graceMs, LEAST_RESTART_GRACE_MS));
    }
  }

  /**
   * Called for each new stream. Undefined for proxies that are no such workload.
   * @throws {Refusal} when the peer may not stand for the workload
   */
  connect(proxy: Proxy, identity: WorkloadIdentity | undefined): Registration | undefined {
    const group = textOf(proxy, 'AUTO_REGISTER_GROUP');
    if (group !== undefined) return this.#counted(() => this.#register(proxy, group, identity));
    const named = textOf(proxy, 'WORKLOAD_ENTRY');
    const entry = named === undefined ? undefined : this.#entries.get(`${proxy.namespace}/${named}`);
    if (entry === undefined) return undefined;
    if (identity === undefined) throw unproven(proxy, `WorkloadEntry ${keyOf(entry)}`);
    checkAccount(proxy, identity, entry.spec.serviceAccount, `WorkloadEntry ${keyOf(entry)}`);
    const reportHealth = (isHealthy: boolean, message: string): void => this.#overlay(keyOf(entry), isHealthy, message);
    return { entry, reportHealth, close: () => undefined };
  }

  /** Ends all timers. What is registered stays in the data folder. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  get #entries() {
    return this.parts.mesh.rows.of('WorkloadEntry');
  }

  #counted<T>(register: () => T): T {
    try {
      return register();
    } catch (error) {
      this.parts.metrics?.registrationErrors.inc();
      throw error;
    }
  }

  #register(proxy: Proxy, name: string, identity: WorkloadIdentity | undefined): Registration {
    const what = `WorkloadGroup ${proxy.namespace}/${name}`;
    if (identity === undefined) throw unproven(proxy, what);
    const group: WorkloadGroup | undefined = this.parts.mesh.rows.of('WorkloadGroup').get(`${proxy.namespace}/${name}`);
    if (group === undefined) throw new Refusal(GrpcStatus.FAILED_PRECONDITION, `node ${proxy.id}: there is no ${what} to register with`);
    checkAccount(proxy, identity, group.spec.template.serviceAccount, what);
    const entry = registeredEntry(group, proxy, this.#now());
    const key = keyOf(entry);
    const known = this.#entries.get(key);
    if (known !== undefined && !this.#streams.has(key)) return this.#foreign(known);
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#streams.set(key, (this.#streams.get(key) ?? 0) + 1);
    // Age decides between workloads and health goes on until the next report.
    const kept = known === undefined ? {} : { createdAt: known.createdAt, ...(known.status === undefined ? {} : { status: known.status }) };
    const isJudged = known !== undefined && group.spec.probe !== undefined && reportsHealth(known);
    this.#save({ ...(isJudged ? withHealthChecks(entry) : entry), ...kept });
    this.parts.metrics?.[known === undefined ? 'registered' : 'registrationUpdates'].inc();
    let isOpen = true;
    return {
      entry,
      reportHealth: (isHealthy, message) => {
        if (group.spec.probe !== undefined) this.#report(key, isHealthy, message);
      },
      close: () => {
        if (isOpen) this.#closed(key);
        isOpen = false;
      },
    };
  }

  /** An entry of that name that somebody wrote: it holds as it is. */
  #foreign(entry: WorkloadEntry): Registration {
    return { entry, reportHealth: (isHealthy, message) => this.#overlay(keyOf(entry), isHealthy, message), close: () => undefined };
  }

  #closed(key: string): void {
    const left = (this.#streams.get(key) ?? 1) - 1;
    this.#streams.set(key, left);
    const entry = this.#own(key);
    if (left > 0 || entry === undefined) return;
    this.#save(disconnectedEntry(entry, this.#now()));
    this.parts.metrics?.unregistered.inc();
    this.#expire(key, this.parts.graceMs);
  }

  #expire(key: string, afterMs: number): void {
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#streams.delete(key);
      this.parts.files.delete(key);
      if (this.#own(key) === undefined) return;
      this.parts.mesh.graph.transaction(() => this.#entries.delete(key));
      this.parts.metrics?.registrationDeletes.inc();
    }, afterMs);
    timer.unref();
    this.#timers.set(key, timer);
  }

  #report(key: string, isHealthy: boolean, message: string): void {
    const entry = this.#own(key);
    if (entry === undefined || (reportsHealth(entry) && healthCondition(entry.status) === isHealthy)) return;
    this.#save({ ...withHealthChecks(entry), status: healthStatus({ isHealthy, message }, this.#now()) });
  }

  /** The entry unless somebody has put one of that name into a file since. */
  #own(key: string): WorkloadEntry | undefined {
    const entry = this.#entries.get(key);
    return entry?.location === undefined ? entry : undefined;
  }

  /** Health of an entry whose row belongs to another source. */
  #overlay(key: string, isHealthy: boolean, message: string): void {
    const { graph, rows } = this.parts.mesh;
    const report = { key, isHealthy, message };
    if (!isDeepStrictEqual(rows.reportedHealth.get(key), report)) graph.transaction(() => rows.reportedHealth.set(report));
  }

  #save(entry: WorkloadEntry): void {
    this.parts.files.save(entry);
    this.#write(entry);
  }

  #write(entry: WorkloadEntry): void {
    this.parts.mesh.graph.transaction(() => this.#entries.set(entry));
  }
}

function textOf(proxy: Proxy, key: string): string | undefined {
  const value = proxy.metadata[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const unproven = (proxy: Proxy, what: string): Refusal =>
  new Refusal(GrpcStatus.UNAUTHENTICATED, `node ${proxy.id} wants to stand for ${what}: that takes a proved identity, over TLS`);

/** The namespace is the proxy's, which the provider has checked already. */
function checkAccount(proxy: Proxy, identity: WorkloadIdentity, wanted: string | undefined, what: string): void {
  if (identity.namespace === proxy.namespace && (!wanted || wanted === identity.serviceAccount)) return;
  const expected = `service account ${JSON.stringify(wanted ?? '')} in namespace ${JSON.stringify(proxy.namespace)}`;
  throw new Refusal(GrpcStatus.PERMISSION_DENIED, `node ${proxy.id}: ${what} is for ${expected}, but its peer is ${formatSpiffeId(identity)}`);
}
