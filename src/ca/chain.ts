/**
 * Verifies a certificate path (RFC 5280 section 6, the part that a mesh uses): signatures, names, validity, CA flags, path length.
 * Anything critical that is not understood here, name constraints for example, makes a certificate unusable, as the RFC demands.
 */
import { isCertificateAuthority, isIssuedBy, toNode } from './signing-material.js';
import { BasicConstraintsExtension, type X509Certificate } from './x509.js';

/** A leaf with what may lead from it to a root. */
export interface ChainToVerify {
  readonly leaf: X509Certificate;
  /** Candidates in any order; what does not fit is passed over. */
  readonly intermediates: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  readonly now: number;
}

/** Basic constraints, key usage, subject alternative name, extended key usage. */
const understood = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.17', '2.5.29.37']);
const maxDepth = 6;

/** Throws, with what is wrong, unless a valid path leads from the leaf to a root. */
export function verifyChain(chain: ChainToVerify): void {
  const problem = usable(chain.leaf, chain.now) ?? climb(chain, [chain.leaf]);
  if (problem !== undefined) throw new Error(problem);
}

/** Tries every issuer of the path's last certificate, roots first; returns why none leads to a root. */
function climb(chain: ChainToVerify, path: readonly X509Certificate[]): string | undefined {
  const last = path[path.length - 1];
  if (last === undefined || path.length > maxDepth) return 'chain is too long';
  const subject = toNode(last);
  let problem = 'does not lead to a root of this mesh';
  for (const root of chain.roots) {
    if (root.equal(last)) return undefined;
    if (!isIssuedBy(subject, toNode(root))) continue;
    const found = issuerProblem(root, path, chain.now);
    if (found === undefined) return undefined;
    problem = found;
  }
  for (const candidate of chain.intermediates) {
    if (path.some((seen) => seen.equal(candidate)) || !isIssuedBy(subject, toNode(candidate))) continue;
    const found = issuerProblem(candidate, path, chain.now) ?? climb(chain, [...path, candidate]);
    if (found === undefined) return undefined;
    problem = found;
  }
  return problem;
}

function issuerProblem(issuer: X509Certificate, below: readonly X509Certificate[], now: number): string | undefined {
  if (!isCertificateAuthority(issuer)) return `issuer "${issuer.subject}" is not a CA`;
  // The path length counts CAs below this one, so the leaf is not counted.
  const allowed = issuer.getExtension(BasicConstraintsExtension)?.pathLength;
  if (allowed !== undefined && below.length - 1 > allowed) return `issuer "${issuer.subject}" allows only ${allowed} CAs below it`;
  return usable(issuer, now);
}

function usable(certificate: X509Certificate, now: number): string | undefined {
  const name = certificate.subject === '' ? 'certificate' : `certificate "${certificate.subject}"`;
  if (now < certificate.notBefore.getTime()) return `${name} is valid only from ${certificate.notBefore.toISOString()}`;
  if (now > certificate.notAfter.getTime()) return `${name} expired at ${certificate.notAfter.toISOString()}`;
  const unknown = certificate.extensions.find((extension) => extension.critical && !understood.has(extension.type));
  return unknown === undefined ? undefined : `${name} has a critical extension that is not understood: ${unknown.type}`;
}
