/** Who is at the other end of a call, as far as the transport can tell. Whether to believe it is for the caller to judge. */
export interface PeerInfo {
  /** Remote address and port. */
  readonly address: string;
  /** True when the bytes travel unencrypted. */
  readonly plaintext: boolean;
  /** Present on TLS connections, also when the client showed no certificate. */
  readonly tls?: PeerTls;
  /** Request headers (gRPC metadata), names in lower case, repeated values joined by ", ". Pseudo headers are left out. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What TLS says of a client. */
export interface PeerTls {
  /** The client showed a certificate that chains to one of the server's CAs. */
  readonly authorized: boolean;
  /** Why not, in OpenSSL's words, when a certificate was shown and not accepted. */
  readonly authorizationError?: string;
  /** The certificate shown, leaf first, in DER; empty without one. */
  readonly chain: readonly Uint8Array[];
  /** URI subject alternative names of the leaf, for example SPIFFE ids. */
  readonly uriSans: readonly string[];
}
