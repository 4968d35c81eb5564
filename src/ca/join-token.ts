/**
 * Join tokens: how a proxy without a certificate proves who it is on its first connection. A token is a JWT (RFC 7519, RFC 8725)
 * signed with a key of our own, for our own audience, for exactly one identity, and it expires.
 */
import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { type Clock, systemClock } from './clock.js';
import { messageOf, TokenError, type TokenErrorCode } from './errors.js';
import type { JoinTokenKey } from './join-token-key.js';
import type { Revocations } from './revocations.js';
import { formatSpiffeId, parseSpiffeId, type WorkloadIdentity } from './spiffe.js';

/** Issuer and audience of every join token. */
export const joinTokenIssuer = 'mizzen';
const audience = 'mizzen';
/** Told apart from any other JWT, so that none can pass for a join token. */
const tokenType = 'mizzen-join+jwt';
const algorithm = 'ES256';
const defaultTtlMs = 60 * 60 * 1000;
/** The machine that writes a token may run this far ahead. */
const clockToleranceSeconds = 5;

/** Whom a token is for and how long. */
export interface JoinTokenRequest extends WorkloadIdentity {
  /** @default 1 hour */
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

/** A new token with what is needed to revoke it. */
export interface JoinToken {
  readonly token: string;
  readonly id: string;
  readonly expiresAt: Date;
}

/** A token that lets its holder join as the given workload. */
export async function createJoinToken(key: JoinTokenKey, request: JoinTokenRequest): Promise<JoinToken> {
  const ttlMs = request.ttlMs ?? defaultTtlMs;
  if (!Number.isFinite(ttlMs) || ttlMs < 1000)
    throw new TokenError('bad_ttl', `a join token can't be valid for ${ttlMs} ms: ask for a second or more`);
  const issuedAt = Math.floor((request.clock ?? systemClock).now() / 1000);
  const expiresAt = issuedAt + Math.floor(ttlMs / 1000);
  const id = randomUUID();
  const token = await new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: tokenType, kid: key.id })
    .setIssuer(joinTokenIssuer)
    .setAudience(audience)
    .setSubject(formatSpiffeId(request))
    .setJti(id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.privateKey);
  return { token, id, expiresAt: new Date(expiresAt * 1000) };
}

/** What tokens are checked against. */
export interface JoinTokenVerifierOptions {
  readonly key: JoinTokenKey;
  readonly trustDomain: string;
  readonly revocations: Revocations;
  readonly clock?: Clock;
}

/** Tells whom a join token is for. */
export class JoinTokenVerifier {
  readonly #options: JoinTokenVerifierOptions;

  constructor(options: JoinTokenVerifierOptions) {
    this.#options = options;
  }

  /** The identity of a good token; throws {@link TokenError} for any other. */
  async verify(token: string): Promise<WorkloadIdentity> {
    const { key, trustDomain, revocations, clock = systemClock } = this.#options;
    const claims = await verifiedClaims(token, key, new Date(clock.now()));
    const identity = parseSpiffeId(claims.subject);
    if (identity === undefined) throw new TokenError('malformed', 'join token: its subject is no workload identity');
    if (identity.trustDomain !== trustDomain) {
      throw new TokenError('wrong_trust_domain', `join token: is for trust domain ${identity.trustDomain}, this is ${trustDomain}`);
    }
    if (await revocations.has(claims.id)) throw new TokenError('revoked', `join token ${claims.id}: was revoked`);
    return identity;
  }
}

async function verifiedClaims(token: string, key: JoinTokenKey, currentDate: Date): Promise<{ subject: string; id: string }> {
  requireOurHeader(token);
  try {
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: [algorithm],
      typ: tokenType,
      issuer: joinTokenIssuer,
      audience,
      requiredClaims: ['exp', 'iat', 'jti', 'sub'],
      clockTolerance: clockToleranceSeconds,
      currentDate,
    });
    const { sub, jti } = payload;
    if (typeof sub !== 'string' || typeof jti !== 'string') throw new TokenError('malformed', 'join token: lacks subject or id');
    return { subject: sub, id: jti };
  } catch (error) {
    if (error instanceof TokenError) throw error;
    throw new TokenError(codeOf(error), `join token: ${messageOf(error)}`, { cause: error });
  }
}

/** Looked at first for a clear error; `jwtVerify` would refuse it as well. */
function requireOurHeader(token: string): void {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw new TokenError('malformed', 'join token: is not a JWT', { cause: error });
  }
  if (header.alg !== algorithm) throw new TokenError('wrong_algorithm', `join token: algorithm must be ${algorithm}`);
}

function codeOf(error: unknown): TokenErrorCode {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'wrong_algorithm';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'wrong_audience';
    if (error.claim === 'iss') return 'wrong_issuer';
  }
  return 'malformed';
}
