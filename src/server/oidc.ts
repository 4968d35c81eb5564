/** `--oidc-issuer`: whose tokens let workloads join beside our own, and where their public keys are. The operator names both. */
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { OidcTokenVerifier, type TokenVerifier } from '../ca/authenticators/oidc-token.js';
import { messageOf } from '../ca/errors.js';
import { joinTokenIssuer } from '../ca/join-token.js';

/** An issuer with the place of its key set: an https URL or a file. */
export interface OidcIssuerOption {
  readonly issuer: string;
  readonly keys: string;
}

/** `ISSUER=JWKS_URL_OR_FILE`; several with spaces between them. */
export function parseOidcIssuers(text: string): readonly OidcIssuerOption[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      const [issuer, keys] = [part.slice(0, Math.max(at, 0)), part.slice(at + 1)];
      if (issuer === '' || keys === '') throw new Error(`${JSON.stringify(part)} is not ISSUER=JWKS, with an https URL or a file`);
      if (issuer === joinTokenIssuer) throw new Error(`${JSON.stringify(issuer)} is the issuer of our own tokens`);
      if (keys.startsWith('http:')) throw new Error(`${keys}: who can change what travels here can be anybody; use https or a file`);
      return { issuer, keys };
    });
}

/** A verifier for each issuer. Throws for a file that can't be read; a URL is asked when the first token comes, and then now and again. */
export function oidcVerifiers(issuers: readonly OidcIssuerOption[], audience: string, trustDomain: string): ReadonlyMap<string, TokenVerifier> {
  return new Map(issuers.map(({ issuer, keys }) => [issuer, new OidcTokenVerifier({ issuer, audience, trustDomain, keys: keySet(keys) })]));
}

function keySet(place: string): JWTVerifyGetKey {
  if (place.startsWith('https:')) return createRemoteJWKSet(new URL(place));
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(place, 'utf8')) as JSONWebKeySet);
  } catch (error) {
    throw new Error(`--oidc-issuer: ${place}: ${messageOf(error)}`, { cause: error });
  }
}
