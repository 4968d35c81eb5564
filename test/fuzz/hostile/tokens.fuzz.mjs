/** Join tokens, tokens of other issuers and client certificates: only a whole and true one proves an identity; all others are refused, none throws anything else. */
import { createHmac, sign, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { authenticatePeer } from '../../../dist/ca/authenticators/authenticator.js';
import { ClientCertificateAuthenticator } from '../../../dist/ca/authenticators/client-certificate.js';
import { JoinTokenAuthenticator } from '../../../dist/ca/authenticators/join-token.js';
import { OidcTokenVerifier } from '../../../dist/ca/authenticators/oidc-token.js';
import { AuthenticationError } from '../../../dist/ca/errors.js';
import { createJoinToken, JoinTokenVerifier } from '../../../dist/ca/join-token.js';
import { loadOrCreateJoinTokenKey } from '../../../dist/ca/join-token-key.js';
import { Revocations } from '../../../dist/ca/revocations.js';
import { formatSpiffeId } from '../../../dist/ca/spiffe.js';
import { authorityOf } from '../../../dist/ca/testing/material.js';
import { WorkloadCertificates } from '../../../dist/ca/workload-certificates.js';
import { publicKeys } from '../../../dist/sources/jwks/public-keys.js';
import { json, spoiledBytes, spoiledText, text } from './texts.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mizzen-hostile-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const TD = 'cluster.local';
const IDENTITY = { trustDomain: TD, namespace: 'shop', serviceAccount: 'web' };
const key = await loadOrCreateJoinTokenKey(folder);
const authority = await authorityOf();
const issuerKeys = await generateKeyPair('RS256');
const otherKeys = await generateKeyPair('ES256');
const ISSUER = 'https://issuer.example';
const set = { keys: [{ ...(await exportJWK(issuerKeys.publicKey)), alg: 'RS256', kid: 'k' }] };
const oidc = new OidcTokenVerifier({ issuer: ISSUER, audience: 'mizzen', trustDomain: TD, keys: createLocalJWKSet(set) });
const joins = new JoinTokenVerifier({ key, trustDomain: TD, revocations: new Revocations(folder) });
const authenticators = [new ClientCertificateAuthenticator(authority), new JoinTokenAuthenticator(joins, new Map([[ISSUER, oidc]]))];
const { token: good } = await createJoinToken(key, IDENTITY);
const now = () => Math.floor(Date.now() / 1000);
const goodOidc = await new SignJWT({ sub: 'system:serviceaccount:shop:web', iss: ISSUER, aud: 'mizzen', exp: now() + 86_400 })
  .setProtectedHeader({ alg: 'RS256', kid: 'k' })
  .sign(issuerKeys.privateKey);
const certificate = await new WorkloadCertificates(authority).get(IDENTITY);
const chain = [...certificate.certChainPem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, body]) => body.replaceAll(/\s/g, ''));

/** Claims of a token that its true issuer signs: who is it for then? */
const subject = fc.oneof(
  text,
  fc.constantFrom(
    'spiffe://cluster.local/ns/shop/sa/web',
    'spiffe://other/ns/shop/sa/web',
    'system:serviceaccount:shop:web',
    'system:serviceaccount:a',
    'system:serviceaccount:a:b:c',
    'system:serviceaccount:../x:web',
    'spiffe://cluster.local/ns/shop/sa/web/',
    'spiffe://cluster.local/ns//sa/web',
  ),
);
const claims = fc.record(
  {
    sub: fc.oneof(subject, json),
    aud: fc.oneof(fc.constantFrom('mizzen', ['mizzen'], ['a', 'mizzen'], 'other'), json),
    iss: fc.oneof(fc.constantFrom('mizzen', ISSUER), json),
    exp: fc.constantFrom(-1, 1, 2 ** 40, 'x', null),
    iat: fc.constantFrom(0, 2 ** 40, 'x'),
    nbf: fc.constantFrom(0, 2 ** 40),
    jti: fc.oneof(fc.constant('id'), json),
  },
  { requiredKeys: [] },
);
const header = fc.record(
  {
    alg: fc.constantFrom('ES256', 'RS256', 'HS256', 'none', 'PS256'),
    typ: fc.oneof(fc.constantFrom('mizzen-join+jwt', 'JWT'), json),
    kid: text,
    crit: json,
    jwk: json,
    b64: json,
  },
  { requiredKeys: ['alg'] },
);
const signer = fc.constantFrom('ours', 'issuer', 'other', 'secret', 'none');

/** JSON: an authorization header as it is or as what to sign; certificates; a key set. */
export const inputs = fc.oneof(
  { weight: 3, arbitrary: spoiledText(fc.constantFrom('GOOD', 'GOOD-OIDC')).map((authorization) => ({ authorization })) },
  { weight: 3, arbitrary: fc.record({ header, claims, signer }) },
  {
    weight: 3,
    arbitrary: fc.array(spoiledBytes(fc.constantFrom(...chain), 2), { minLength: 1, maxLength: 3 }).map((certificates) => ({ certificates })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 63 })), { minLength: 1, maxLength: 3 }),
      which: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .oneof(
        json,
        fc.array(json, { maxLength: 3 }).map((keys) => ({ keys })),
      )
      .map((keySet) => ({ keySet })),
  },
);

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toString('base64url');
async function signed({ header: head, claims: body, signer: who }) {
  const input = `${base64url(head)}.${base64url(body)}`;
  const bytes = Buffer.from(input);
  const signWith = async (algorithm, privateKey) => Buffer.from(await webcrypto.subtle.sign(algorithm, privateKey, bytes)).toString('base64url');
  const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };
  if (who === 'ours') return `${input}.${sign('sha256', bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  if (who === 'other') return `${input}.${await signWith(ecdsa, otherKeys.privateKey)}`;
  if (who === 'issuer') return `${input}.${await signWith('RSASSA-PKCS1-v1_5', issuerKeys.privateKey)}`;
  // The old trick: the public key as a shared secret.
  if (who === 'secret') return `${input}.${createHmac('sha256', JSON.stringify(set.keys[0])).update(input).digest('base64url')}`;
  return `${input}.`;
}

/** What a base64 digit is changed to; the last one of a part has bits that count for nothing. */
function flipped(token, flips) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return flips.reduce((now, [at, by]) => {
    const place = at % now.length;
    const digit = digits.indexOf(now[place]);
    if (digit < 0 || now[place + 1] === undefined || now[place + 1] === '.') return now;
    return now.slice(0, place) + digits[(digit + by) % 64] + now.slice(place + 1);
  }, token);
}

async function outcome(peer) {
  try {
    return await authenticatePeer(peer, authenticators);
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    if (error.message.length > 500) throw new Error(`a message of ${error.message.length} characters`);
    if (error.message.includes(good) || error.message.includes(goodOidc)) throw new Error('a token in an error');
    return undefined;
  }
}

export async function check(input) {
  if ('keySet' in input) {
    for (const document of [JSON.stringify(input.keySet) ?? '', JSON.stringify({ keys: [...set.keys, input.keySet] })]) {
      try {
        if (/"d":|"k":/.test(publicKeys(document))) throw new Error('a private part passed');
      } catch (error) {
        if (error.constructor !== Error || error.message === 'a private part passed') throw error;
      }
    }
    return;
  }
  if (input.certificates !== undefined) {
    const chainDer = input.certificates.map((one) => Buffer.from(one, 'base64'));
    const identity = await outcome({ tls: { chainDer }, headers: {} });
    const isTrue = input.certificates[0] === chain[0];
    if (identity !== undefined && !(isTrue && formatSpiffeId(identity) === formatSpiffeId(IDENTITY))) {
      // A change behind the end of the certificate is none.
      if (!chainDer[0].subarray(0, Buffer.from(chain[0], 'base64').length).equals(Buffer.from(chain[0], 'base64')))
        throw new Error(`a spoiled certificate proved ${formatSpiffeId(identity)}`);
    }
    return;
  }
  let authorization;
  let isTrue = false;
  if (input.flips !== undefined) {
    const token = input.which ? good : goodOidc;
    const spoiled = flipped(token, input.flips);
    isTrue = spoiled === token;
    authorization = `Bearer ${spoiled}`;
  } else if (input.authorization !== undefined) {
    authorization = `Bearer ${input.authorization.replace('GOOD-OIDC', goodOidc).replace('GOOD', good)}`;
    isTrue = [good, goodOidc].includes(authorization.slice('Bearer '.length).trim());
  } else authorization = `Bearer ${await signed(input)}`;
  const identity = await outcome({ tls: { chainDer: [] }, headers: { authorization } });
  if (identity === undefined) return;
  const { header: head, claims: body, signer: who } = input;
  if (head !== undefined) {
    const named = typeof body.sub === 'string' ? body.sub : '';
    const audience = [body.aud].flat().includes('mizzen');
    const alive = typeof body.exp === 'number' && body.exp > now();
    const ours =
      who === 'ours' && head.alg === 'ES256' && head.typ === 'mizzen-join+jwt' && body.iss === 'mizzen' && named === formatSpiffeId(identity);
    const theirs =
      who === 'issuer' &&
      head.alg === 'RS256' &&
      body.iss === ISSUER &&
      named === `system:serviceaccount:${identity.namespace}:${identity.serviceAccount}`;
    isTrue = audience && alive && (ours || theirs);
  }
  if (!isTrue) throw new Error(`proved ${formatSpiffeId(identity)}`);
  if (identity.trustDomain !== TD) throw new Error(`another trust domain: ${formatSpiffeId(identity)}`);
}
