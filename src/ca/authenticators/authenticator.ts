/**
 * Who is calling: one interface for every kind of credential (CA-002 to CA-005, CA-020), and the rule that joins them.
 */
import { AuthenticationError } from '../errors.js';
import { formatSpiffeId, isSameIdentity, type WorkloadIdentity } from '../spiffe.js';

/** What a connection shows of its other end. */
export interface Peer {
  /** Set on TLS connections. */
  readonly tls?: {
    /** The certificates that the peer sent, leaf first; empty if none. Need not be verified yet. */
    readonly chainDer: readonly Uint8Array[];
  };
  /** Where it calls from, for limits; proves nothing. */
  readonly address?: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Knows one kind of credential. */
export interface Authenticator {
  /** The identity that the credential proves; undefined if the peer shows none of this kind; throws {@link AuthenticationError} if it isn't good. */
  authenticate(peer: Peer): Promise<WorkloadIdentity | undefined>;
}

/**
 * The peer's identity, or undefined for a peer that shows no credential at all. Every credential shown must be good and all must name the same
 * workload: a bad one is a refusal, never passed over for the next.
 */
export async function authenticatePeer(peer: Peer, authenticators: readonly Authenticator[]): Promise<WorkloadIdentity | undefined> {
  let proven: WorkloadIdentity | undefined;
  for (const authenticator of authenticators) {
    const identity = await authenticator.authenticate(peer);
    if (identity === undefined) continue;
    if (proven !== undefined && !isSameIdentity(proven, identity)) {
      throw new AuthenticationError(`credentials disagree: ${formatSpiffeId(proven)} and ${formatSpiffeId(identity)}`);
    }
    proven = identity;
  }
  return proven;
}
