/** What a Node TLS socket knows of its peer, in the form that authenticators take. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Peer } from './authenticator.js';

/** The peer's certificates, leaf first; empty when it showed none. The server must ask for them (`requestCert`) and not judge (`rejectUnauthorized: false`). */
export function tlsPeer(socket: TLSSocket): NonNullable<Peer['tls']> {
  const chainDer: Uint8Array[] = [];
  const seen = new Set<string>();
  let next: Partial<PeerCertificate> & { issuerCertificate?: PeerCertificate } = socket.getPeerCertificate(true);
  // Node ends a chain with a certificate that is its own issuer, or with none.
  while (next?.raw !== undefined && next.fingerprint256 !== undefined && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chainDer.push(next.raw);
    if (next.issuerCertificate === undefined) break;
    next = next.issuerCertificate;
  }
  return { chainDer };
}
