/**
 * Verifies a certificate path (RFC 5280 section 6, the part that a mesh uses): signatures, names, validity, CA flags, path length.
 * Anything critical that is not understood here, name constraints for example, makes a certificate unusable, as the RFC demands.
 */
import { isRevoked } from './revocation-lists.js';
import { isCertificateAuthority, isIssuedBy, toNode } from './signing-material.js';
import { BasicConstraintsExtension, type ExtendedKeyUsage, ExtendedKeyUsageExtension, type X509Certificate, type X509Crl } from './x509.js';

/** A leaf with what may lead from it to a root. */
export interface ChainToVerify {
  readonly leaf: X509Certificate;
  /** Candidates in any order; what does not fit is passed over. */
  readonly intermediates: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  /** Revocation lists of CAs of the path, checked before. */
  readonly crls?: readonly X509Crl[];
  readonly now: number;
  /** What the leaf must be good for; a CA above it that states extended usages must state this one too. */
  readonly usage: ExtendedKeyUsage;
}

/** Basic constraints, key usage, subject alternative name, extended key usage. */
const understood = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.17', '2.5.29.37']);
const anyExtendedKeyUsage = '2.5.29.37.0';
const maxDepth = 6;

/** Throws, with what is wrong, unless a valid path leads from the leaf to a root. */
export function verifyChain(chain: ChainToVerify): void {
  const usages = chain.leaf.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  if (!usages.includes(chain.usage)) throw new Error(`its extended key usage lacks ${chain.usage}`);
  const problem = usable(chain.leaf, chain) ?? climb(chain, chain.leaf, 0, new Set([chain.leaf]));
  if (problem !== undefined) throw new Error(problem);
}

/**
 * Tries every issuer of a certificate with `depth` CAs below its issuer, roots first; returns why none leads to a root.
 * No certificate is tried twice (`seen`): certificates that all sign each other must not cost a stranger's handshake exponential work.
 */
function climb(chain: ChainToVerify, certificate: X509Certificate, depth: number, seen: Set<X509Certificate>): string | undefined {
  if (depth > maxDepth) return 'chain is too long';
  const subject = toNode(certificate);
  let problem = 'does not lead to a root of this mesh';
  for (const root of chain.roots) {
    if (root.equal(certificate)) return undefined;
    if (!isIssuedBy(subject, toNode(root))) continue;
    const found = issuerProblem(root, depth, chain);
    if (found === undefined) return undefined;
    problem = found;
  }
  for (const candidate of chain.intermediates) {
    if (seen.has(candidate) || !isIssuedBy(subject, toNode(candidate))) continue;
    seen.add(candidate);
    const found = issuerProblem(candidate, depth, chain) ?? climb(chain, candidate, depth + 1, seen);
    if (found === undefined) return undefined;
    problem = found;
  }
  return problem;
}

function issuerProblem(issuer: X509Certificate, depth: number, chain: ChainToVerify): string | undefined {
  if (!isCertificateAuthority(issuer)) return `issuer "${issuer.subject}" is not a CA`;
  const allowed = issuer.getExtension(BasicConstraintsExtension)?.pathLength;
  if (allowed !== undefined && depth > allowed) return `issuer "${issuer.subject}" allows only ${allowed} CAs below it`;
  const usages = issuer.getExtension(ExtendedKeyUsageExtension)?.usages;
  if (usages !== undefined && !usages.includes(chain.usage) && !usages.includes(anyExtendedKeyUsage)) {
    return `issuer "${issuer.subject}" may not issue for ${chain.usage}`;
  }
  return usable(issuer, chain);
}

function usable(certificate: X509Certificate, { now, crls = [] }: ChainToVerify): string | undefined {
  const name = certificate.subject === '' ? 'certificate' : `certificate "${certificate.subject}"`;
  if (now < certificate.notBefore.getTime()) return `${name} is valid only from ${certificate.notBefore.toISOString()}`;
  if (now > certificate.notAfter.getTime()) return `${name} expired at ${certificate.notAfter.toISOString()}`;
  if (isRevoked(certificate, crls)) return `${name} was revoked`;
  const unknown = certificate.extensions.find((extension) => extension.critical && !understood.has(extension.type));
  return unknown === undefined ? undefined : `${name} has a critical extension that is not understood: ${unknown.type}`;
}
