/**
 * The certificates of all workloads that someone asks for: made on demand, shared by all proxies of an identity, rotated in time.
 * A source of rows: whoever listens writes each new certificate where SDS secrets `default` and `ROOTCA` are translated from.
 */
import type { CertificateAuthority, IssuedCertificate } from './authority.js';
import { type Clock, systemClock } from './clock.js';
import type { KeyType } from './key-pairs.js';
import { Renewal } from './renewal.js';
import type { WorkloadIdentity } from './spiffe.js';

/** A workload's certificate with its key. */
export interface WorkloadCertificate extends IssuedCertificate {
  readonly identity: WorkloadIdentity;
}

/** Called with every new certificate of an identity, the first and each rotated one. */
export type WorkloadCertificateListener = (identity: WorkloadIdentity, certificate: WorkloadCertificate) => void;

/** Settings of the cache. */
export interface WorkloadCertificatesOptions {
  /** @default the authority's default TTL */
  readonly ttlMs?: number;
  /** Of the keys that are made. @default 'ecdsa' */
  readonly keyType?: KeyType;
  readonly clock?: Clock;
  /** From 0 up to 1. @default Math.random */
  readonly random?: () => number;
  /** Told when a certificate could not be made; it is tried again with growing pauses. */
  readonly onError?: (identity: WorkloadIdentity, error: unknown) => void;
}

/** Cache and rotation of workload certificates, one per identity. */
export class WorkloadCertificates {
  readonly #authority: CertificateAuthority;
  readonly #options: WorkloadCertificatesOptions;
  readonly #renewals = new Map<string, Renewal<WorkloadCertificate>>();
  readonly #listeners = new Set<WorkloadCertificateListener>();
  readonly #endSignerWatch: () => void;

  constructor(authority: CertificateAuthority, options: WorkloadCertificatesOptions = {}) {
    this.#authority = authority;
    this.#options = options;
    this.#endSignerWatch = authority.onSignerChange(() => {
      for (const renewal of this.#renewals.values()) renewal.renewNow();
    });
  }

  /** How many identities are kept fresh. */
  get size(): number {
    return this.#renewals.size;
  }

  /** When the first of the certificates ends, in milliseconds since the epoch; undefined without any. */
  firstExpiry(): number | undefined {
    const ends = [...this.#renewals.values()].flatMap(({ value }) => value?.notAfter.getTime() ?? []);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** The identity's certificate, made if need be; from then on it is rotated until {@link release}. Rejects if it can't be made now. */
  async get(identity: WorkloadIdentity): Promise<WorkloadCertificate> {
    this.#authority.spiffeIdOf(identity); // refuses before anything is kept
    const id = keyOf(identity);
    let renewal = this.#renewals.get(id);
    if (renewal === undefined) {
      renewal = this.#renewal(identity);
      this.#renewals.set(id, renewal);
    }
    return renewal.current();
  }

  /** Forgets the identity's certificate and ends its rotation; to be called when no proxy has the identity any more. */
  release(identity: WorkloadIdentity): void {
    const id = keyOf(identity);
    this.#renewals.get(id)?.stop();
    this.#renewals.delete(id);
  }

  /** Calls back with every certificate that is made; returns what ends that. */
  onChange(listener: WorkloadCertificateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends all rotation. */
  close(): void {
    this.#endSignerWatch();
    for (const renewal of this.#renewals.values()) renewal.stop();
    this.#renewals.clear();
    this.#listeners.clear();
  }

  #renewal(identity: WorkloadIdentity): Renewal<WorkloadCertificate> {
    const { ttlMs, keyType, clock = systemClock, random = Math.random, onError } = this.#options;
    const request = { identity, ...(ttlMs !== undefined && { ttlMs }), ...(keyType && { keyType }) };
    return new Renewal<WorkloadCertificate>({
      clock,
      random,
      issue: async () => ({ ...(await this.#authority.issueWorkload(request)), identity }),
      onIssued: (certificate) => {
        for (const listener of this.#listeners) listener(identity, certificate);
      },
      onError: (error) => onError?.(identity, error),
    });
  }
}

/** No SPIFFE ID, so that releasing what was never accepted does not throw. */
function keyOf({ trustDomain, namespace, serviceAccount }: WorkloadIdentity): string {
  return `${trustDomain}/${namespace}/${serviceAccount}`;
}
