/**
 * `istio.v1.auth.IstioCertificateService/CreateCertificate` on the TLS listener (CA-001, CA-006, CA-007): a workload's agent sends a CSR and
 * gets its certificate back. The identity is the one that the caller proved; of the request only key and lifetime count.
 */
import { IstioCertificateRequest, IstioCertificateResponse } from '@envoyproxy/xds-protos/istio/v1/auth/ca.js';
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import type { CertificateAuthority } from '../ca/authority.js';
import { CertificateAuthorityError, type CertificateAuthorityErrorCode } from '../ca/errors.js';
import { certificatePem } from '../ca/pem.js';
import { formatSpiffeId, type WorkloadIdentity } from '../ca/spiffe.js';
import { GrpcStatus, type PeerInfo, Refusal } from '../xds/provider.js';
import type { GrpcServer } from '../xds/transport/grpc-server.js';
import { TokenBucket } from '../xds/transport/limits.js';
import { identityOf } from './credentials.js';

/** The method's path. */
export const CREATE_CERTIFICATE = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** What is counted (MT-005). */
export interface CertificateServiceMetrics {
  readonly csrs: Counter;
  readonly certificates: Counter;
  readonly authenticationFailures: Counter;
  readonly csrParsingErrors: Counter;
  /** By the authority's error code. */
  readonly csrSignErrors: { inc(labels: { error: string }): void };
  readonly idExtractionErrors: Counter;
}

interface Counter {
  inc(): void;
}

/** What the service is made of. */
export interface CertificateServiceParts {
  readonly authority: CertificateAuthority;
  readonly authenticators: readonly Authenticator[];
  readonly metrics: CertificateServiceMetrics;
  /** Told of a failure that is nobody's fault but ours. */
  readonly onError?: (error: unknown) => void;
  /** Told of every call that was refused, with what its caller heard. */
  readonly onRefused?: (peer: PeerInfo, refusal: Refusal) => void;
  /** Milliseconds; for tests. @default Date.now */
  readonly now?: () => number;
}

/** A CSR of an RSA key of 8192 bits has 3 KB; agents' metadata is small. */
const maxRequestBytes = 128 * 1024;
/** A signature is work: an identity may have so many at once (its replicas share it), and so many a second in the long run. */
const burst = 200;
const perSecond = 20;
const maxBuckets = 10_000;

const ours: ReadonlySet<CertificateAuthorityErrorCode> = new Set(['signer_expired', 'signer_not_yet_valid']);
const askers: ReadonlySet<CertificateAuthorityErrorCode> = new Set(['bad_csr', 'weak_key', 'ttl_too_long', 'bad_ttl']);

/** Signs certificate requests of workloads that prove who they are. */
export class CertificateService {
  /** By identity; only those who proved one get an entry. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(private readonly parts: CertificateServiceParts) {}

  /** Serves the method on a listener, which must be one with TLS: over plaintext every call is refused. */
  attach(server: GrpcServer): void {
    server.addUnary(CREATE_CERTIFICATE, (request, peer) => this.create(request, peer));
  }

  /** One call: serialized request to serialized response. */
  async create(request: Uint8Array, peer: PeerInfo): Promise<Uint8Array> {
    try {
      return await this.#create(request, peer);
    } catch (error) {
      if (error instanceof Refusal) this.parts.onRefused?.(peer, error);
      throw error;
    }
  }

  async #create(request: Uint8Array, peer: PeerInfo): Promise<Uint8Array> {
    const { metrics } = this.parts;
    metrics.csrs.inc();
    // Before anything of the request is read: a stranger's bytes are not parsed.
    const identity = await this.#identity(peer);
    this.#limit(formatSpiffeId(identity));
    const { csr, validityDuration } = this.#decode(request);
    try {
      const chain = await this.#sign(csr, identity, Number(validityDuration) * 1000);
      metrics.certificates.inc();
      return IstioCertificateResponse.encode(IstioCertificateResponse.fromPartial({ certChain: chain })).finish();
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  async #identity(peer: PeerInfo): Promise<WorkloadIdentity> {
    const { authenticators, metrics } = this.parts;
    try {
      const identity = await identityOf(peer, authenticators);
      if (identity === undefined) throw new Refusal(GrpcStatus.UNAUTHENTICATED, 'certificates are signed over TLS only');
      return identity;
    } catch (error) {
      metrics.authenticationFailures.inc();
      if (!(error instanceof Refusal)) this.parts.onError?.(error);
      throw error;
    }
  }

  #limit(id: string): void {
    const now = (this.parts.now ?? Date.now)();
    let bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      // Forgetting all of them lets each identity have one more burst, no more.
      if (this.#buckets.size >= maxBuckets) this.#buckets.clear();
      bucket = new TokenBucket(perSecond, burst, now);
      this.#buckets.set(id, bucket);
    }
    if (!bucket.take(now)) throw new Refusal(GrpcStatus.RESOURCE_EXHAUSTED, `too many certificate requests of ${id}: wait a second`);
  }

  #decode(bytes: Uint8Array): IstioCertificateRequest {
    if (bytes.length > maxRequestBytes)
      throw new Refusal(GrpcStatus.RESOURCE_EXHAUSTED, `a certificate request of ${bytes.length} bytes: at most ${maxRequestBytes}`);
    try {
      return IstioCertificateRequest.decode(bytes);
    } catch {
      this.parts.metrics.csrParsingErrors.inc();
      throw new Refusal(GrpcStatus.INVALID_ARGUMENT, 'not an IstioCertificateRequest');
    }
  }

  /** The root comes last: agents take it for the anchor of what peers show them. While roots overlap, all of them. */
  async #sign(csr: string, identity: WorkloadIdentity, ttlMs: number): Promise<string[]> {
    const { authority } = this.parts;
    const chain = await authority.signCsr(csr, identity, ttlMs);
    return [...chain, authority.signer.roots.map(certificatePem).join('')];
  }

  #refusal(error: unknown): unknown {
    const { metrics, onError } = this.parts;
    const code = error instanceof CertificateAuthorityError ? error.code : undefined;
    if (code === 'bad_csr' || code === 'weak_key') metrics.csrParsingErrors.inc();
    else if (code === 'bad_name' || code === 'wrong_trust_domain') metrics.idExtractionErrors.inc();
    else metrics.csrSignErrors.inc({ error: code ?? 'internal' });
    if (code !== undefined && askers.has(code)) return new Refusal(GrpcStatus.INVALID_ARGUMENT, (error as Error).message);
    onError?.(error);
    if (code !== undefined && ours.has(code)) return new Refusal(GrpcStatus.UNAVAILABLE, (error as Error).message);
    return new Refusal(GrpcStatus.INTERNAL, 'the certificate could not be signed');
  }
}
