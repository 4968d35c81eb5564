/**
 * Authentication by `authorization: Bearer TOKEN`, for the first connection of a proxy that has no certificate yet: a join token of ours, or one of
 * an issuer that the operator trusts. The issuer that a token names chooses who verifies it; there is no second try.
 */
import { AuthenticationError, messageOf } from '../errors.js';
import { joinTokenIssuer } from '../join-token.js';
import type { WorkloadIdentity } from '../spiffe.js';
import type { Authenticator, Peer } from './authenticator.js';
import { bearerToken } from './bearer-token.js';
import { claimedIssuer, type TokenVerifier } from './oidc-token.js';

/** Accepts join tokens and those of `issuers`; what names another issuer goes to `others`, or is refused where there is none. */
export class JoinTokenAuthenticator implements Authenticator {
  readonly #joins: TokenVerifier;
  readonly #issuers: ReadonlyMap<string, TokenVerifier>;

  constructor(
    joins: TokenVerifier,
    issuers: ReadonlyMap<string, TokenVerifier> = new Map(),
    private readonly others: TokenVerifier = joins,
  ) {
    this.#joins = joins;
    this.#issuers = issuers;
  }

  /** @inheritdoc */
  async authenticate(peer: Peer): Promise<WorkloadIdentity | undefined> {
    const token = bearerToken(peer.headers);
    if (token === undefined) return undefined;
    try {
      const issuer = claimedIssuer(token) ?? '';
      const verifier = this.#issuers.get(issuer) ?? (issuer === joinTokenIssuer ? this.#joins : this.others);
      return await verifier.verify(token, peer);
    } catch (error) {
      throw new AuthenticationError(messageOf(error), { cause: error });
    }
  }
}
