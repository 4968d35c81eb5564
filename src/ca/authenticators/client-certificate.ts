/**
 * Authentication by client certificate (CA-003): the chain that the peer sent must lead to one of our roots, and its leaf must be
 * a client's X.509-SVID. Done here and not by the TLS layer, because roots change while connections are accepted.
 */
import type { CertificateAuthority } from '../authority.js';
import { verifyChain } from '../chain.js';
import { type Clock, systemClock } from '../clock.js';
import { AuthenticationError, messageOf } from '../errors.js';
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
    const [leaf, ...sent] = chainDer.map((der) => new X509Certificate(der));
    if (leaf === undefined) throw new Error('is missing');
    const { roots, intermediates } = this.#authority.signer;
    // A resumed TLS session remembers the leaf only, so our own intermediates stand in for those that it was sent with.
    verifyChain({ leaf, intermediates: [...sent, ...intermediates], roots, now: this.#clock.now(), usage: ExtendedKeyUsage.clientAuth });
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
