/** Authentication by `authorization: Bearer JOIN-TOKEN`, for the first connection of a proxy that has no certificate yet. */
import { AuthenticationError, messageOf } from '../errors.js';
import type { JoinTokenVerifier } from '../join-token.js';
import type { WorkloadIdentity } from '../spiffe.js';
import type { Authenticator, Peer } from './authenticator.js';
import { bearerToken } from './bearer-token.js';

/** Accepts join tokens; any other authorization header is refused. */
export class JoinTokenAuthenticator implements Authenticator {
  readonly #verifier: JoinTokenVerifier;

  constructor(verifier: JoinTokenVerifier) {
    this.#verifier = verifier;
  }

  /** @inheritdoc */
  async authenticate(peer: Peer): Promise<WorkloadIdentity | undefined> {
    const token = bearerToken(peer.headers);
    if (token === undefined) return undefined;
    try {
      return await this.#verifier.verify(token);
    } catch (error) {
      throw new AuthenticationError(messageOf(error), { cause: error });
    }
  }
}
