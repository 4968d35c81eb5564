import { beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createJoinToken, JoinTokenVerifier } from '../join-token.js';
import { loadOrCreateJoinTokenKey } from '../join-token-key.js';
import { Revocations } from '../revocations.js';
import { FakeClock } from '../testing/fake-clock.js';
import { withFolder } from '../testing/material.js';
import { JoinTokenAuthenticator } from './join-token.js';
import { OidcTokenVerifier } from './oidc-token.js';

const issuer = 'https://cluster.example';
const clock = new FakeClock();
type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let key: Key;
let verifier: OidcTokenVerifier;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }] });
  verifier = new OidcTokenVerifier({ issuer, audience: 'istio-ca', trustDomain: 'cluster.local', keys, clock });
});

async function token(claims: JWTPayload = {}, by: Key | Uint8Array = key, alg = 'ES256'): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  const good = { iss: issuer, aud: 'istio-ca', sub: 'system:serviceaccount:shop:web', exp: now + 60 };
  return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg, kid: 'one' }).sign(by);
}

describe('CA-004 tokens of an OIDC issuer', () => {
  test('CA-002 a service account of a Kubernetes cluster is who its token says, in our trust domain', async () => {
    await expect(verifier.verify(await token())).resolves.toEqual({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' });
  });

  test.each<[string, JWTPayload, string]>([
    ['for another service', { aud: 'kubernetes' }, 'wrong_audience'],
    ['of another issuer', { iss: 'https://evil.example' }, 'wrong_issuer'],
    ['that is over', { exp: 1 }, 'expired'],
    ['of a user', { sub: 'alice' }, 'malformed'],
    ['of a node', { sub: 'system:node:one' }, 'malformed'],
    ['with a longer subject', { sub: 'system:serviceaccount:shop:web:x' }, 'malformed'],
    ['with a subject that breaks out of the SPIFFE ID', { sub: 'system:serviceaccount:shop/sa/root:web' }, 'malformed'],
  ])('one %s is refused', async (_, claims, code) => {
    await expect(verifier.verify(await token(claims))).rejects.toMatchObject({ code });
  });

  test('one signed by another key, or with a shared secret, is refused', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    await expect(verifier.verify(await token({}, privateKey))).rejects.toMatchObject({ code: 'bad_signature' });
    await expect(verifier.verify(await token({}, new Uint8Array(32), 'HS256'))).rejects.toMatchObject({ code: 'wrong_algorithm' });
  });

  test('when the keys cannot be had it is refused', async () => {
    const keys = async () => Promise.reject(new Error('no route to the issuer'));
    const closed = new OidcTokenVerifier({ issuer, audience: 'istio-ca', trustDomain: 'cluster.local', keys, clock });
    await expect(closed.verify(await token())).rejects.toMatchObject({ code: 'malformed', message: expect.stringContaining('no route') });
  });
});

test('each bearer token goes to its own issuer, and one of nobody is refused', async () => {
  await withFolder(async (folder) => {
    const joinKey = await loadOrCreateJoinTokenKey(folder);
    const joins = new JoinTokenVerifier({ key: joinKey, trustDomain: 'cluster.local', revocations: new Revocations(folder), clock });
    const authenticator = new JoinTokenAuthenticator(joins, new Map([[issuer, verifier]]));
    const who = async (text: string) => authenticator.authenticate({ headers: { authorization: `Bearer ${text}` } });
    const join = await createJoinToken(joinKey, { trustDomain: 'cluster.local', namespace: 'edge', serviceAccount: 'gw', clock });
    await expect(who(join.token)).resolves.toMatchObject({ namespace: 'edge' });
    await expect(who(await token())).resolves.toMatchObject({ namespace: 'shop' });
    await expect(who(await token({ iss: 'https://evil.example' }))).rejects.toMatchObject({ name: 'AuthenticationError' });
    await expect(who(await token({ iss: 'mizzen' }))).rejects.toMatchObject({ name: 'AuthenticationError' });
    await expect(authenticator.authenticate({ headers: {} })).resolves.toBeUndefined();
  });
});
