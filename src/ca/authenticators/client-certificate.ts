/**
 * Authentication by client certificate (CA-003): the chain that the peer sent must lead to one of our roots, and its leaf must be
 * a client's X.509-SVID. Done here and not by the TLS layer, because roots change while connections are accepted.
 */
import { X509Certificate as NodeCertificate } from 'node:crypto';
import type { CertificateAuthority } from '../authority.js';
import { verifyChain } from '../chain.js';
import { type Clock, systemClock } from '../clock.js';
import { AuthenticationError, messageOf } from '../errors.js';
import { signedBelow } from '../signed-below.js';
import { toNode } from '../signing-material.js';
import { parseSpiffeId, type WorkloadIdentity } from '../spiffe.js';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '../x509.js';
import type { Authenticator, Peer } from './authenticator.js';

/** More certificates than any real chain has are not looked at. */
const maxChainLength = 8;

/** Accepts certificates of our trust domain that chain to our roots. */
export class ClientCertificateAuthenticator implements Authenticator {
  readonly #authority: CertificateAuthority;
  readonly #clock: Clock;

  constructor(authority: CertificateAuthority, clock: Clock = systemClock) {
    this.#authority = authority;
    this.#clock = clock;
  }

  /** @inheritdoc */
  async authenticate(peer: Peer): Promise<WorkloadIdentity | undefined> {
    const chainDer = peer.tls?.chainDer ?? [];
    if (chainDer.length === 0) return undefined;
    try {
      return this.#identityOf(chainDer);
    } catch (error) {
      throw new AuthenticationError(`client certificate: ${messageOf(error)}`, { cause: error });
    }
  }

  #identityOf(chainDer: readonly Uint8Array[]): WorkloadIdentity {
    if (chainDer.length > maxChainLength) throw new Error(`chain of ${chainDer.length} certificates is too long`);
    const { roots, intermediates, crls = [] } = this.#authority.signer;
    const shown = chainDer.map((der) => new NodeCertificate(der));
    const proven = signedBelow([...roots, ...intermediates].map(toNode), shown);
    const [first, ...others] = shown;
    if (first === undefined || !proven.has(first)) throw new Error('does not lead to a root of this mesh');
    const [leaf, ...sent] = [first, ...others.filter((one) => proven.has(one))].map(({ raw }) => new X509Certificate(raw)) as [X509Certificate];
    // A resumed TLS session remembers the leaf only, so our own intermediates stand in for those that it was sent with.
    const usage = ExtendedKeyUsage.clientAuth;
    verifyChain({ leaf, intermediates: [...sent, ...intermediates], roots, crls, now: this.#clock.now(), usage });
    requireClientLeaf(leaf);
    return this.#requireOurs(workloadOf(leaf));
  }

  #requireOurs(identity: WorkloadIdentity): WorkloadIdentity {
    const { trustDomain } = this.#authority;
    if (identity.trustDomain !== trustDomain) throw new Error(`is of trust domain ${identity.trustDomain}, this is ${trustDomain}`);
    return identity;
  }
}

function requireClientLeaf(leaf: X509Certificate): void {
  if (leaf.getExtension(BasicConstraintsExtension)?.ca === true) throw new Error('is a CA certificate');
  const usages = leaf.getExtension(KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & KeyUsageFlags.digitalSignature) === 0) throw new Error('key usage lacks digitalSignature');
}

/** X.509-SVID section 2: exactly one URI among the alternative names, and it is the SPIFFE ID. */
function workloadOf(leaf: X509Certificate): WorkloadIdentity {
  const uris = leaf.getExtension(SubjectAlternativeNameExtension)?.names.items.filter((name) => name.type === 'url') ?? [];
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1) throw new Error(`has ${uris.length} URI names: need exactly one, a SPIFFE ID`);
  const identity = parseSpiffeId(uri.value);
  if (identity === undefined) throw new Error('its URI is not a SPIFFE ID of a workload');
  return identity;
}
