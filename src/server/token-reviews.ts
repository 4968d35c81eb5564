/**
 * Tokens of service accounts, reviewed by the cluster that the caller says it is in (CA-002, CL-014): it knows its keys, and whether the account
 * and the pod that a token is bound to still exist. We remember nothing; the API server itself accepts a token that it has just seen for 10 s more.
 * Whoever reaches us can make us ask, so only so much is asked at a time, in turns by address.
 */
import type { Peer } from '../ca/authenticators/authenticator.js';
import type { TokenVerifier } from '../ca/authenticators/oidc-token.js';
import { messageOf, TokenError } from '../ca/errors.js';
import { formatSpiffeId, type WorkloadIdentity } from '../ca/spiffe.js';
import { reviewToken, type TokenStatus } from '../kubernetes/reviews.js';
import { hostOf } from '../xds/quota.js';
import type { Clusters } from './clusters.js';
import { FairTurns } from './fair-turns.js';

export interface TokenReviewsParts {
  readonly clusters: Clusters;
  /** Whom a token must be meant for. */
  readonly audience: string;
  readonly trustDomain: string;
}

/** Metadata in which agents say which cluster they are in. */
const CLUSTER_ID = 'clusterid';

/** A review takes milliseconds: hundreds of workloads join in a second all the same. */
const LIMITS = { atOnce: 64, atOncePerKey: 8, waitingPerKey: 1_000 };

export class TokenReviews implements TokenVerifier {
  readonly #turns = new FairTurns(LIMITS);

  constructor(private readonly parts: TokenReviewsParts) {}

  /** @inheritdoc */
  async verify(token: string, { headers, address = '' }: Peer = { headers: {} }): Promise<WorkloadIdentity> {
    const { clusters, audience, trustDomain } = this.parts;
    const said = headers[CLUSTER_ID];
    const cluster = typeof said === 'string' ? said : (said?.[0] ?? '');
    const client = clusters.client(cluster);
    if (client === undefined) throw new TokenError('wrong_issuer', `no cluster is called ${JSON.stringify(cluster.slice(0, 100))}`);
    const review = this.#turns.run(address === '' ? '' : hostOf(address), () => reviewToken(client, token, [audience]));
    if (review === undefined) throw new TokenError('malformed', 'too many tokens of this address wait for their review: try again later');
    let status: TokenStatus;
    try {
      status = await review;
    } catch (error) {
      throw new TokenError('malformed', `the token could not be reviewed now: ${messageOf(error)}`, { cause: error });
    }
    if (status.authenticated !== true)
      throw new TokenError('bad_signature', `the cluster does not accept the token${status.error ? `: ${status.error}` : ''}`);
    if (status.audiences?.includes(audience) !== true) throw new TokenError('wrong_audience', `the token is not meant for ${audience}`);
    return identityOf(status.user?.username ?? '', trustDomain);
  }
}

/** `system:serviceaccount:NAMESPACE:NAME`: people and nodes are no workloads. */
function identityOf(username: string, trustDomain: string): WorkloadIdentity {
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace === undefined || serviceAccount === undefined) throw new TokenError('malformed', 'the token is not of a service account');
  const identity = { trustDomain, namespace, serviceAccount };
  formatSpiffeId(identity);
  return identity;
}
