/** Reads the client's certificate from a TLS socket. Nothing is judged here but the chain, by OpenSSL. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { PeerTls } from './peer.js';

/** Longest chain that is read: an issuer that refers to itself must not loop. */
const MAX_CHAIN = 10;

/** What TLS knows of the peer of this socket. */
export function peerTlsOf(socket: TLSSocket): PeerTls {
  const leaf = socket.getPeerX509Certificate();
  const chain: Uint8Array[] = [];
  for (let certificate = leaf; certificate !== undefined && chain.length < MAX_CHAIN; certificate = certificate.issuerCertificate) {
    chain.push(certificate.raw);
  }
  const error: unknown = socket.authorizationError;
  return {
    authorized: leaf !== undefined && socket.authorized,
    ...(leaf !== undefined && error ? { authorizationError: error instanceof Error ? error.message : String(error as string) } : {}),
    chain,
    uriSans: leaf === undefined ? [] : uriSansOf(leaf),
  };
}

/**
 * The URI names out of Node's text form. Node writes a value with special characters as a JSON string, so that a comma in a
 * name cannot forge another entry; the scanner follows that.
 */
export function uriSansOf(certificate: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const uris: string[] = [];
  for (const [, type, value] of (certificate.subjectAltName ?? '').matchAll(/([^:,\s][^:,]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    if (type !== 'URI' || value === undefined) continue;
    uris.push(value.startsWith('"') ? (JSON.parse(value) as string) : value);
  }
  return uris;
}
