/** How long a certificate is good for (CA-007): what was asked, within what the authority allows and the signer can vouch for. */
import { CertificateAuthorityError } from './errors.js';
import type { X509Certificate } from './x509.js';

/** The span in which a certificate is valid, in whole seconds as X.509 has it. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What the authority grants. */
export interface TtlLimits {
  /** When nothing is asked for. @default 24 hours */
  readonly defaultTtlMs: number;
  /** More than this is refused, not shortened. @default 90 days */
  readonly maxTtlMs: number;
}

const hour = 60 * 60 * 1000;

/** Istio's defaults. */
export const defaultTtlLimits: TtlLimits = { defaultTtlMs: 24 * hour, maxTtlMs: 90 * 24 * hour };

/** Peers' clocks may be this far behind ours. */
const backdateMs = 2 * 60 * 1000;

/** The validity of a leaf signed now; a TTL of undefined or 0 means the default. Throws when the signer itself is not valid now. */
export function validityFor(now: number, ttlMs: number | undefined, limits: TtlLimits, signer: X509Certificate): Validity {
  const ttl = ttlMs === undefined || ttlMs === 0 ? limits.defaultTtlMs : ttlMs;
  if (!Number.isFinite(ttl) || ttl < 1000)
    throw new CertificateAuthorityError('bad_ttl', `a certificate can't be valid for ${ttl} ms: ask for a second or more`);
  if (ttl > limits.maxTtlMs) {
    throw new CertificateAuthorityError(
      'ttl_too_long',
      `a certificate for ${inHours(ttl)} was asked for; the longest is ${inHours(limits.maxTtlMs)}`,
    );
  }
  if (now >= signer.notAfter.getTime()) {
    throw new CertificateAuthorityError('signer_expired', `the CA certificate "${signer.subject}" expired at ${signer.notAfter.toISOString()}`);
  }
  if (now < signer.notBefore.getTime()) {
    throw new CertificateAuthorityError(
      'signer_not_yet_valid',
      `the CA certificate "${signer.subject}" is valid only from ${signer.notBefore.toISOString()}`,
    );
  }
  // A leaf that outlives its signer would look good and fail every handshake.
  const notAfter = Math.min(now + ttl, signer.notAfter.getTime());
  return { notBefore: wholeSecond(now - backdateMs), notAfter: wholeSecond(notAfter) };
}

function wholeSecond(time: number): Date {
  return new Date(Math.floor(time / 1000) * 1000);
}

function inHours(ms: number): string {
  return `${Math.round((ms / hour) * 100) / 100} h`;
}
