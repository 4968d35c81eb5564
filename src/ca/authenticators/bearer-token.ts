/** The bearer token of a request (RFC 6750): shared by all authenticators that take tokens. */
import { AuthenticationError } from '../errors.js';
import type { Peer } from './authenticator.js';

/** No token that we accept comes near this; what is longer isn't parsed. */
const maxTokenLength = 16 * 1024;

/** A JWT by itself: Envoys before 1.37 put a token from a file on their requests, and can put nothing before it. */
const bareToken = /^([\w-]+\.[\w-]+\.[\w-]+)$/;

/** The token, or undefined if there is no authorization header; throws for a header that is anything but one bearer token. */
export function bearerToken(headers: Peer['headers']): string | undefined {
  const header = headers['authorization'];
  if (header === undefined) return undefined;
  const values = typeof header === 'string' ? [header] : header;
  const [value] = values;
  if (value === undefined || values.length !== 1) throw new AuthenticationError('need exactly one authorization header');
  const [, token] = /^bearer +([^ ]+) *$/i.exec(value) ?? bareToken.exec(value) ?? [];
  if (token === undefined || token.length > maxTokenLength) throw new AuthenticationError('authorization header: need "Bearer TOKEN"');
  return token;
}
