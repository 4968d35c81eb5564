import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { withFolder } from '../ca/testing/material.js';
import { oidcVerifiers, parseOidcIssuers } from './oidc.js';

test.each(['nonsense', '=keys.json', 'https://a.example=', 'mizzen=keys.json', 'https://a.example=http://a.example/keys'])(
  '%s is no issuer',
  (text) => {
    expect(() => parseOidcIssuers(text)).toThrow();
  },
);

test('CA-004 issuers with keys in a file and by URL', async () => {
  await withFolder(async (folder) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const file = join(folder, 'keys.json');
    writeFileSync(file, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
    const issuers = parseOidcIssuers(`https://a.example=${file} https://b.example=https://b.example/keys?x=y`);
    expect(issuers[1]).toEqual({ issuer: 'https://b.example', keys: 'https://b.example/keys?x=y' });
    const verifiers = oidcVerifiers(issuers, 'istio-ca', 'cluster.local');
    const token = await new SignJWT({ sub: 'system:serviceaccount:shop:web' })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer('https://a.example')
      .setAudience('istio-ca')
      .setExpirationTime('1m')
      .sign(privateKey);
    await expect(verifiers.get('https://a.example')?.verify(token)).resolves.toMatchObject({ namespace: 'shop', serviceAccount: 'web' });
    writeFileSync(file, 'nonsense');
    expect(() => oidcVerifiers(issuers, 'istio-ca', 'cluster.local')).toThrow('keys.json');
  });
});
