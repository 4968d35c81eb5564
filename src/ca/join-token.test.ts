import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { createJoinToken, JoinTokenVerifier } from './join-token.js';
import { type JoinTokenKey, loadOrCreateJoinTokenKey } from './join-token-key.js';
import { Revocations } from './revocations.js';
import { FakeClock } from './testing/fake-clock.js';
import { reviews, withFolder } from './testing/material.js';

const hour = 3600 * 1000;

interface Setting {
  readonly data: string;
  readonly key: JoinTokenKey;
  readonly clock: FakeClock;
  readonly verifier: JoinTokenVerifier;
  readonly revocations: Revocations;
}

function withTokens(use: (setting: Setting) => Promise<void>): Promise<void> {
  return withFolder(async (data) => {
    const key = await loadOrCreateJoinTokenKey(data);
    const clock = new FakeClock();
    const revocations = new Revocations(data);
    await use({ data, key, clock, revocations, verifier: new JoinTokenVerifier({ key, trustDomain: 'cluster.local', revocations, clock }) });
  });
}

/** A token like ours with some of it changed. */
function forged(setting: Setting, change: { header?: object; claims?: object; key?: JoinTokenKey['privateKey'] }): Promise<string> {
  const now = setting.clock.now() / 1000;
  const claims = {
    iss: 'mizzen',
    aud: 'mizzen',
    sub: 'spiffe://cluster.local/ns/default/sa/reviews',
    jti: 'x',
    iat: now,
    exp: now + 60,
    ...change.claims,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'mizzen-join+jwt', kid: setting.key.id, ...change.header })
    .sign(change.key ?? setting.key.privateKey);
}

describe('CA-020 join tokens', () => {
  test('a token proves exactly one identity', () =>
    withTokens(async ({ key, clock, verifier }) => {
      const { token } = await createJoinToken(key, { ...reviews, clock });
      await expect(verifier.verify(token)).resolves.toEqual(reviews);
    }));

  test('the forger that the next tests use makes good tokens when it changes nothing', () =>
    withTokens(async (setting) => {
      await expect(setting.verifier.verify(await forged(setting, {}))).resolves.toEqual(reviews);
    }));

  test('it lasts an hour unless told otherwise', () =>
    withTokens(async ({ key, clock, verifier }) => {
      const hourly = await createJoinToken(key, { ...reviews, clock });
      const daily = await createJoinToken(key, { ...reviews, clock, ttlMs: 24 * hour });
      expect(hourly.expiresAt.getTime()).toBe(clock.now() + hour);
      await clock.advance(hour - 1000);
      await expect(verifier.verify(hourly.token)).resolves.toBeDefined();
      await clock.advance(10_000);
      await expect(verifier.verify(hourly.token)).rejects.toMatchObject({ name: 'TokenError', code: 'expired' });
      await expect(verifier.verify(daily.token)).resolves.toBeDefined();
      await expect(createJoinToken(key, { ...reviews, ttlMs: 0 })).rejects.toMatchObject({ code: 'bad_ttl' });
    }));

  test.each([
    ['another audience', { claims: { aud: 'istio-ca' } }, 'wrong_audience'],
    ['no audience', { claims: { aud: undefined } }, 'wrong_audience'],
    ['another issuer', { claims: { iss: 'kubernetes' } }, 'wrong_issuer'],
    ['no expiry', { claims: { exp: undefined } }, 'malformed'],
    ['no id to revoke it by', { claims: { jti: undefined } }, 'malformed'],
    ['a subject that is no workload', { claims: { sub: 'system:serviceaccount:default:reviews' } }, 'malformed'],
    ['another trust domain', { claims: { sub: 'spiffe://other/ns/default/sa/reviews' } }, 'wrong_trust_domain'],
    ['another type of JWT', { header: { typ: 'JWT' } }, 'malformed'],
    ["somebody else's key", { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }, 'bad_signature'],
  ])('a token with %s is refused', (_, change, code) =>
    withTokens(async (setting) => {
      await expect(setting.verifier.verify(await forged(setting, change))).rejects.toMatchObject({ name: 'TokenError', code });
    }),
  );

  test('a token with changed claims is refused', () =>
    withTokens(async ({ key, clock, verifier }) => {
      const { token } = await createJoinToken(key, { ...reviews, clock });
      const [header, payload, signature] = token.split('.');
      const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
      const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'spiffe://cluster.local/ns/istio-system/sa/admin' })).toString('base64url');
      await expect(verifier.verify(`${header}.${changed}.${signature}`)).rejects.toMatchObject({ code: 'bad_signature' });
    }));

  test('algorithm none, and HMAC with the public key as secret, are refused', () =>
    withTokens(async ({ key, clock, verifier }) => {
      const { token } = await createJoinToken(key, { ...reviews, clock });
      const payload = token.split('.')[1];
      const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'mizzen-join+jwt' })).toString('base64url');
      await expect(verifier.verify(`${none}.${payload}.`)).rejects.toMatchObject({ code: 'wrong_algorithm' });
      const secret = key.publicKey.export({ format: 'pem', type: 'spki' });
      const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
      const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'mizzen-join+jwt' }).sign(Buffer.from(secret));
      await expect(verifier.verify(hmac)).rejects.toMatchObject({ code: 'wrong_algorithm' });
    }));

  test.each(['', 'x', 'a.b.c', '..', 'eyJhbGciOiJFUzI1NiJ9..'])('%j is no token', (text) =>
    withTokens(async ({ verifier }) => {
      await expect(verifier.verify(text)).rejects.toMatchObject({ name: 'TokenError' });
    }),
  );

  test('no error repeats the token', () =>
    withTokens(async (setting) => {
      const token = await forged(setting, { claims: { aud: 'other' } });
      const error: unknown = await setting.verifier.verify(token).catch((thrown: unknown) => thrown);
      expect(String(error)).not.toContain(token.slice(0, 20));
    }));
});

describe('CA-020 revocation of join tokens', () => {
  test('a revoked token is refused at once, others stay good', () =>
    withTokens(async ({ data, key, clock, verifier }) => {
      const [bad, good] = [await createJoinToken(key, { ...reviews, clock }), await createJoinToken(key, { ...reviews, clock })];
      await expect(verifier.verify(bad.token)).resolves.toBeDefined();
      await new Revocations(data).revoke(bad.id); // another process
      await expect(verifier.verify(bad.token)).rejects.toMatchObject({ code: 'revoked' });
      await expect(verifier.verify(good.token)).resolves.toBeDefined();
    }));

  test('the file is read by hand-written lines, follows edits of the same time and size, and may go away', () =>
    withTokens(async ({ data, revocations }) => {
      const file = join(data, 'join-tokens', 'revoked');
      expect(await revocations.has('aaa')).toBe(false);
      await writeFile(file, '# lost laptop\n  aaa  # since Monday\n');
      const time = new Date(1_700_000_000_000);
      await utimes(file, time, time);
      expect(await revocations.has('aaa')).toBe(true);
      await writeFile(file, '# lost laptop\n  bbb  # since Monday\n');
      await utimes(file, time, time);
      expect([await revocations.has('aaa'), await revocations.has('bbb')]).toEqual([false, true]);
      await writeFile(file, 'unfinished line');
      await revocations.revoke('ccc');
      expect(await revocations.has('ccc')).toBe(true);
      await unlink(file);
      expect(await revocations.has('ccc')).toBe(false);
    }));

  test('an id that would break the file is not written', () =>
    withTokens(async ({ data, revocations }) => {
      await expect(revocations.revoke('a\nb')).rejects.toMatchObject({ code: 'malformed' });
      await expect(readFile(join(data, 'join-tokens', 'revoked'))).rejects.toMatchObject({ code: 'ENOENT' });
    }));

  test('a list that cannot be read lets no token in', () =>
    withTokens(async ({ data, key, clock }) => {
      const revocations = new Revocations(join(data, 'join-tokens', 'key.pem')); // below a file: stat fails with ENOTDIR
      const verifier = new JoinTokenVerifier({ key, trustDomain: 'cluster.local', revocations, clock });
      const { token } = await createJoinToken(key, { ...reviews, clock });
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'revocation_unknown' });
    }));

  test('the key file is refused once others may read it', () =>
    withTokens(async ({ data }) => {
      await chmod(join(data, 'join-tokens', 'key.pem'), 0o640);
      await expect(loadOrCreateJoinTokenKey(data)).rejects.toMatchObject({ code: 'exposed_key' });
    }));
});
