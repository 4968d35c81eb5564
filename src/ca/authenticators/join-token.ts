/**
 * Authentication by `authorization: Bearer TOKEN`, for the first connection of a proxy that has no certificate yet: a join token of ours, or one of
 * an issuer that the operator trusts. The issuer that a token names chooses who verifies it; there is no second try.
 */
import { AuthenticationError, messageOf } from '../errors.js';
import type { WorkloadIdentity } from '../spiffe.js';
import type { Authenticator, Peer } from './authenticator.js';
import { bearerToken } from './bearer-token.js';
import { claimedIssuer, type TokenVerifier } from './oidc-token.js';

/** Accepts join tokens and those of `issuers`; any other authorization header is refused. */
export class JoinTokenAuthenticator implements Authenticator {
  readonly #joins: TokenVerifier;
  readonly #issuers: ReadonlyMap<string, TokenVerifier>;

  constructor(joins: TokenVerifier, issuers: ReadonlyMap<string, TokenVerifier> = new Map()) {
    this.#joins = joins;
    this.#issuers = issuers;
  }

  /** @inheritdoc */
  async authenticate(peer: Peer): Promise<WorkloadIdentity | undefined> {
    const token = bearerToken(peer.headers);
    if (token === undefined) return undefined;
    try {
      const verifier = this.#issuers.get(claimedIssuer(token) ?? '') ?? this.#joins;
      return await verifier.verify(token);
    } catch (error) {
      throw new AuthenticationError(messageOf(error), { cause: error });
    }
  }
}
