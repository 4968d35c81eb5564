/** Who a peer of a TLS listener is, as a gRPC answer: the same judgement for xDS streams (CA-020) and for certificate requests (CA-001). */
import { type Authenticator, authenticatePeer } from '../ca/authenticators/authenticator.js';
import { AuthenticationError } from '../ca/errors.js';
import type { WorkloadIdentity } from '../ca/spiffe.js';
import { GrpcStatus, type PeerInfo, Refusal } from '../xds/provider.js';

interface Known {
  readonly authenticators: readonly Authenticator[];
  readonly identity: Promise<WorkloadIdentity | undefined>;
}

const known = new WeakMap<PeerInfo, Known>();

/** As {@link prove}, once for each call: the transport asks before it reads anything, and whoever serves the call asks again. */
export function identityOf(peer: PeerInfo, authenticators: readonly Authenticator[]): Promise<WorkloadIdentity | undefined> {
  let one = known.get(peer);
  if (one?.authenticators !== authenticators) known.set(peer, (one = { authenticators, identity: prove(peer, authenticators) }));
  return one.identity;
}

/** The identity that the peer proves. UNAUTHENTICATED without a good credential; undefined over plaintext, where nothing is proof. */
async function prove(peer: PeerInfo, authenticators: readonly Authenticator[]): Promise<WorkloadIdentity | undefined> {
  // What a plaintext peer says of itself could be anybody's: a token that came that way proves nothing.
  if (peer.tls === undefined) return undefined;
  let identity: WorkloadIdentity | undefined;
  try {
    identity = await authenticatePeer({ tls: { chainDer: peer.tls.chain }, headers: peer.metadata, address: peer.address }, authenticators);
  } catch (error) {
    if (error instanceof AuthenticationError) throw new Refusal(GrpcStatus.UNAUTHENTICATED, error.message);
    throw error;
  }
  if (identity === undefined)
    throw new Refusal(GrpcStatus.UNAUTHENTICATED, 'no credential: need a client certificate or a join token (mizzen bootstrap)');
  return identity;
}
