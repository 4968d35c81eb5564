/**
 * Tokens of an OIDC issuer that the operator trusts (CA-004), such as a Kubernetes cluster's: `sub` is the service account, as Kubernetes writes it.
 * https://openid.net/specs/openid-connect-core-1_0.html#IDToken
 */
import { decodeJwt, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type Clock, systemClock } from '../clock.js';
import { messageOf, TokenError, type TokenErrorCode } from '../errors.js';
import { formatSpiffeId, type WorkloadIdentity } from '../spiffe.js';
import type { Peer } from './authenticator.js';

/** Knows the tokens of one issuer. */
export interface TokenVerifier {
  /** The identity of a good token; throws {@link TokenError} for any other. `peer` is who showed it. */
  verify(token: string, peer?: Peer): Promise<WorkloadIdentity>;
}

/** An issuer and what its tokens must say. */
export interface OidcIssuer {
  readonly issuer: string;
  /** A token must be meant for us: one that was made for another service must not open this one. */
  readonly audience: string;
  /** The trust domain that its service accounts belong to. */
  readonly trustDomain: string;
  /** Finds the public key; when it can't be had it throws, and the token is refused. */
  readonly keys: JWTVerifyGetKey;
  readonly clock?: Clock;
}

/** Public keys only: a shared secret that is taken for one would let anybody sign. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const clockToleranceSeconds = 5;

/** Verifies tokens of one issuer. */
export class OidcTokenVerifier implements TokenVerifier {
  constructor(private readonly issuer: OidcIssuer) {}

  /** @inheritdoc */
  async verify(token: string): Promise<WorkloadIdentity> {
    const { issuer, audience, trustDomain, keys, clock = systemClock } = this.issuer;
    let subject: string | undefined;
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer,
        audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(clock.now()),
      });
      subject = payload.sub;
    } catch (error) {
      throw new TokenError(codeOf(error), `token of ${issuer}: ${messageOf(error)}`, { cause: error });
    }
    return identityOf(subject ?? '', trustDomain, issuer);
  }
}

/** Who a token says it is from, before anything is verified: it only chooses who verifies. */
export function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** `system:serviceaccount:NAMESPACE:NAME`, and nothing else: people and nodes are no workloads. */
function identityOf(subject: string, trustDomain: string, issuer: string): WorkloadIdentity {
  const [system, kind, namespace, serviceAccount, ...more] = subject.split(':');
  if (system !== 'system' || kind !== 'serviceaccount' || namespace === undefined || serviceAccount === undefined || more.length > 0)
    throw new TokenError('malformed', `token of ${issuer}: its subject is no service account`);
  const identity = { trustDomain, namespace, serviceAccount };
  try {
    formatSpiffeId(identity);
  } catch (error) {
    throw new TokenError('malformed', `token of ${issuer}: ${messageOf(error)}`, { cause: error });
  }
  return identity;
}

function codeOf(error: unknown): TokenErrorCode {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) return 'bad_signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'wrong_algorithm';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'wrong_audience';
    if (error.claim === 'iss') return 'wrong_issuer';
  }
  return 'malformed';
}
