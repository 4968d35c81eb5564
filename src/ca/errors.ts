/**
 * What can go wrong in the certificate authority, as errors with stable codes: callers map the code to a gRPC status or to advice for the operator.
 */

/** Why the certificate authority could not be loaded or would not sign. */
export type CertificateAuthorityErrorCode =
  | 'exposed_key'
  | 'missing_file'
  | 'bad_key'
  | 'bad_certificate'
  | 'bad_crl'
  | 'key_mismatch'
  | 'broken_chain'
  | 'signer_expired'
  | 'signer_not_yet_valid'
  | 'ttl_too_long'
  | 'bad_ttl'
  | 'bad_csr'
  | 'weak_key'
  | 'wrong_trust_domain'
  | 'bad_name'
  | 'rotation_under_way';

/** A refusal or a failure of the authority; `code` is stable, the message names file or field. */
export class CertificateAuthorityError extends Error {
  override readonly name = 'CertificateAuthorityError';
  readonly code: CertificateAuthorityErrorCode;

  constructor(code: CertificateAuthorityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What is wrong with a token. */
export type TokenErrorCode =
  | 'malformed'
  | 'wrong_algorithm'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'expired'
  | 'revoked'
  | 'revocation_unknown'
  | 'wrong_trust_domain'
  | 'bad_ttl';

/** A token that is not accepted. The message never holds the token itself. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly code: TokenErrorCode;

  constructor(code: TokenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of what a stranger wrote so much is told and logged: libraries quote headers of tokens, names of certificates. */
const MAX_MESSAGE = 300;

/** A peer showed a credential that is not good, so it is refused (gRPC UNAUTHENTICATED), never treated as anonymous. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';

  constructor(message: string, options?: ErrorOptions) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message, options);
  }
}

/** The words of whatever was thrown. Asks for the property, not the class: an error of another realm (jest's, a worker's) is none of our Error. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
