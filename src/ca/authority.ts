/**
 * The certificate authority: signs workload certificates for proxies and the server certificate of our own listener (section CA of the feature list).
 * Whose certificate it is comes from the caller, who authenticated the asker; the authority checks trust domain, key and lifetime.
 */

import { isIP } from 'node:net';
import { type Clock, systemClock } from './clock.js';
import { publicKeyOfCsr } from './csr.js';
import { CertificateAuthorityError, messageOf } from './errors.js';
import { generateKeys, type KeyType } from './key-pairs.js';
import { type Leaf, signLeaf } from './leaf.js';
import { certificatePem, certificatesPem, crlsPem, privateKeyPem } from './pem.js';
import type { SigningMaterial } from './signing-material.js';
import { formatSpiffeId, isTrustDomain, type WorkloadIdentity } from './spiffe.js';
import { defaultTtlLimits, type TtlLimits, validityFor } from './validity.js';
import { ExtendedKeyUsage, PublicKey, type X509Certificate } from './x509.js';

/** Settings of the authority. */
export interface AuthorityOptions extends Partial<TtlLimits> {
  /** The only trust domain that it signs for. */
  readonly trustDomain: string;
  readonly clock?: Clock;
}

/** A certificate with the key that was made for it. */
export interface IssuedCertificate {
  /** Leaf, then intermediates; without the root. */
  readonly certChainPem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  /** The trust anchors at the time of issue. */
  readonly rootPem: string;
  /** Revocation lists at the time of issue; absent where none are kept. */
  readonly crlPem?: string;
  readonly issuedAt: Date;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Names that a server is called by. */
export interface ServerNames {
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly ttlMs?: number;
}

const dnsNamePattern = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;

/** Signs for one trust domain with a signer that may be replaced while it runs. */
export class CertificateAuthority {
  readonly trustDomain: string;
  readonly #limits: TtlLimits;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #signer: SigningMaterial;

  constructor(signer: SigningMaterial, options: AuthorityOptions) {
    if (!isTrustDomain(options.trustDomain)) {
      throw new CertificateAuthorityError('wrong_trust_domain', `not a trust domain: ${JSON.stringify(options.trustDomain)}`);
    }
    this.#signer = signer;
    this.trustDomain = options.trustDomain;
    this.#limits = {
      defaultTtlMs: options.defaultTtlMs ?? defaultTtlLimits.defaultTtlMs,
      maxTtlMs: options.maxTtlMs ?? defaultTtlLimits.maxTtlMs,
    };
    this.#clock = options.clock ?? systemClock;
  }

  /** The trust anchors, as secret ROOTCA carries them; several while roots overlap. */
  get rootPem(): string {
    return certificatesPem(this.#signer.roots);
  }

  /** What it signs with now. */
  get signer(): SigningMaterial {
    return this.#signer;
  }

  /** Signs with this from now on; everybody who holds a certificate is told by {@link onSignerChange}. */
  replaceSigner(signer: SigningMaterial): void {
    this.#signer = signer;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after the signer or the roots were replaced; returns what ends that. */
  onSignerChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A new key and a certificate that names the workload. */
  async issueWorkload(request: { identity: WorkloadIdentity; ttlMs?: number; keyType?: KeyType }): Promise<IssuedCertificate> {
    return this.#issue(this.#workloadLeaf(request.identity), request.ttlMs, request.keyType);
  }

  /** A new key and a certificate for a server that is called by these names. */
  async issueServer(names: ServerNames): Promise<IssuedCertificate> {
    for (const name of names.dnsNames) {
      if (name.length > 253 || !dnsNamePattern.test(name)) throw new CertificateAuthorityError('bad_name', `not a DNS name: ${JSON.stringify(name)}`);
    }
    for (const ip of names.ips) {
      if (isIP(ip) === 0) throw new CertificateAuthorityError('bad_name', `not an IP address: ${JSON.stringify(ip)}`);
    }
    const dns = names.dnsNames.map((value) => ({ type: 'dns', value }) as const);
    const ips = names.ips.map((value) => ({ type: 'ip', value }) as const);
    return this.#issue({ names: [...dns, ...ips], usages: [ExtendedKeyUsage.serverAuth] }, names.ttlMs);
  }

  /**
   * Certificates for the key of a CSR, leaf first, then intermediates, each as PEM; the root is {@link rootPem}.
   * The identity is the caller's word; whatever the CSR says about names is ignored.
   */
  async signCsr(csrPem: string, identity: WorkloadIdentity, ttlMs?: number): Promise<string[]> {
    const leaf = this.#workloadLeaf(identity);
    const publicKey = await publicKeyOfCsr(csrPem);
    const { signer, validity } = this.#now(ttlMs);
    const certificate = await signLeaf(signer, { ...leaf, publicKey, validity });
    return chain(certificate, signer).map(certificatePem);
  }

  async #issue(leaf: Pick<Leaf, 'names' | 'usages'>, ttlMs: number | undefined, keyType: KeyType = 'ecdsa'): Promise<IssuedCertificate> {
    const keys = await generateKeys(keyType, 2048);
    // Looked at once the key is there, which takes a while: the signer may have been replaced meanwhile.
    const { signer, validity, issuedAt } = this.#now(ttlMs);
    const publicKey = await PublicKey.create(keys.publicKey);
    const certificate = await signLeaf(signer, { ...leaf, publicKey, validity });
    return {
      certChainPem: certificatesPem(chain(certificate, signer)),
      privateKeyPem: await privateKeyPem(keys.privateKey),
      rootPem: certificatesPem(signer.roots),
      ...(signer.crls && { crlPem: crlsPem(signer.crls) }),
      issuedAt,
      notBefore: validity.notBefore,
      notAfter: validity.notAfter,
    };
  }

  /** One look at signer and clock, so that a certificate can't mix two signers. */
  #now(ttlMs: number | undefined) {
    const signer = this.#signer;
    const now = this.#clock.now();
    return { signer, issuedAt: new Date(now), validity: validityFor(now, ttlMs, this.#limits, signer.certificate) };
  }

  /** The SPIFFE ID that a certificate of this identity carries; throws if this authority does not sign for it. */
  spiffeIdOf(identity: WorkloadIdentity): string {
    if (identity.trustDomain !== this.trustDomain) {
      throw new CertificateAuthorityError('wrong_trust_domain', `this authority signs for ${this.trustDomain}, not for ${identity.trustDomain}`);
    }
    try {
      return formatSpiffeId(identity);
    } catch (error) {
      throw new CertificateAuthorityError('bad_name', messageOf(error), { cause: error });
    }
  }

  #workloadLeaf(identity: WorkloadIdentity): Pick<Leaf, 'names' | 'usages'> {
    return { names: [{ type: 'url', value: this.spiffeIdOf(identity) }], usages: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth] };
  }
}

function chain(leaf: X509Certificate, signer: SigningMaterial): X509Certificate[] {
  return [leaf, ...signer.intermediates];
}
