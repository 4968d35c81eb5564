/**
 * Which of a stranger's certificates were signed below our roots, told before anything else of them is read. From the roots down: a signature is only
 * verified with a key that is trusted already, so that keys and encodings of the stranger's choice (an RSA exponent of 3000 bits, ten thousand
 * extensions) cost nothing. RFC 5280 section 6 goes on from there: chain.ts.
 */
import type { X509Certificate as NodeCertificate } from 'node:crypto';
import { isIssuedBy } from './signing-material.js';

/** Those of `certificates` from which signatures lead to an anchor. */
export function signedBelow(anchors: readonly NodeCertificate[], certificates: readonly NodeCertificate[]): ReadonlySet<NodeCertificate> {
  const proven = new Set<NodeCertificate>();
  let issuers = anchors;
  while (issuers.length > 0) {
    const signers = issuers;
    issuers = certificates.filter((one) => !proven.has(one) && signers.some((issuer) => isIssuedBy(one, issuer)));
    for (const one of issuers) proven.add(one);
  }
  return proven;
}
