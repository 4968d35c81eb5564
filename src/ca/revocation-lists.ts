/**
 * Certificate revocation lists of a plugged-in CA (CA-014): `ca-crl.pem` of Istio's layout. Proxies get it beside the roots, and our own listener
 * holds client certificates against it. Everything that would make every Envoy refuse every peer is found here, before anybody is sent the list.
 */
import { CertificateAuthorityError, messageOf } from './errors.js';
import type { NamedText } from './signing-material.js';
import { KeyUsageFlags, KeyUsagesExtension, PemConverter, type X509Certificate, X509Crl } from './x509.js';

/** The CAs whose lists they are, and those that must have one: Envoy wants a list of every CA between a leaf and its root. */
export interface ListIssuers {
  readonly known: readonly X509Certificate[];
  readonly needed: readonly X509Certificate[];
}

/** Every list of a PEM text, in order, each signed by a CA that we know and not out of date. */
export async function parseRevocationLists(source: NamedText, issuers: ListIssuers, now = Date.now()): Promise<readonly X509Crl[]> {
  const lists = decode(source);
  const refuse = (what: string): CertificateAuthorityError => new CertificateAuthorityError('bad_crl', `${source.name}: ${what}`);
  const covered = new Set<X509Certificate>();
  for (const [index, list] of lists.entries()) {
    const name = `list ${index + 1} of "${list.issuer}"`;
    const issuer = await signerOf(list, issuers.known);
    if (issuer === undefined) throw refuse(`${name} is not signed by a CA of this chain`);
    const usages = issuer.getExtension(KeyUsagesExtension)?.usages;
    if (usages !== undefined && (usages & KeyUsageFlags.cRLSign) === 0)
      throw refuse(`${name}: its CA may not sign lists (key usage lacks cRLSign), so that Envoy would refuse every peer`);
    if (list.nextUpdate !== undefined && list.nextUpdate.getTime() < now)
      throw refuse(`${name} is out of date since ${list.nextUpdate.toISOString()}`);
    covered.add(issuer);
  }
  const missing = issuers.needed.find((issuer) => !covered.has(issuer));
  if (missing !== undefined) throw refuse(`has no list of "${missing.subject}": Envoy wants one of every CA of the chain, or refuses every peer`);
  return lists;
}

/** Whether a list of the certificate's issuer names it. */
export const isRevoked = (certificate: X509Certificate, lists: readonly X509Crl[]): boolean =>
  lists.some((list) => list.issuer === certificate.issuer && list.findRevoked(certificate) !== null);

function decode(source: NamedText): X509Crl[] {
  try {
    const found = PemConverter.decodeWithHeaders(source.text).filter((block) => block.type === 'X509 CRL');
    if (found.length === 0) throw new Error('holds no revocation list');
    return found.map((block) => new X509Crl(block.rawData));
  } catch (error) {
    throw new CertificateAuthorityError('bad_crl', `${source.name}: ${messageOf(error)}`, { cause: error });
  }
}

async function signerOf(list: X509Crl, candidates: readonly X509Certificate[]): Promise<X509Certificate | undefined> {
  for (const candidate of candidates) {
    if (candidate.subject !== list.issuer) continue;
    try {
      if (await list.verify({ publicKey: candidate })) return candidate;
    } catch {
      // A key of another kind than the signature.
    }
  }
  return undefined;
}
