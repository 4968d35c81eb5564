import { createPrivateKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { publicKeyOfCsr } from './csr.js';
import { keyPair } from './testing/material.js';
import { Pkcs10CertificateRequestGenerator } from './x509.js';

async function csrOf(keys: webcrypto.CryptoKeyPair, hash = 'SHA-256'): Promise<Buffer> {
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=x',
    keys,
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash },
  });
  return Buffer.from(csr.rawData);
}

function pem(der: Buffer, label = 'CERTIFICATE REQUEST'): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`;
}

describe('CA-001 CA-021 what a CSR must prove', () => {
  test('a good request gives its public key', async () => {
    const keys = await keyPair('ec');
    const key = await publicKeyOfCsr(pem(await csrOf(keys)));
    expect(Buffer.from(key.rawData)).toEqual(Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey)));
  });

  test('a request that was changed after signing is refused', async () => {
    const der = await csrOf(await keyPair('ec'));
    const changed = Buffer.from(der.toString('latin1').replace('\x0c\x01x', '\x0c\x01y').replace('\x13\x01x', '\x13\x01y'), 'latin1');
    expect(changed.equals(der)).toBe(false);
    await expect(publicKeyOfCsr(pem(changed))).rejects.toMatchObject({ code: 'bad_csr', message: expect.stringContaining('not signed by the key') });
  });

  test("somebody else's public key is refused", async () => {
    const [mine, theirs] = await Promise.all([keyPair('ec'), keyPair('ec')]);
    const der = await csrOf({ privateKey: mine.privateKey, publicKey: theirs.publicKey });
    await expect(publicKeyOfCsr(pem(der))).rejects.toMatchObject({ code: 'bad_csr' });
  });

  test('an RSA key of 1024 bits is refused', async () => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    await expect(publicKeyOfCsr(pem(await csrOf(keys)))).rejects.toMatchObject({ code: 'weak_key', message: expect.stringContaining('1024') });
  });

  test('an RSA key with public exponent 3 is refused', async () => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([3]) };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    await expect(publicKeyOfCsr(pem(await csrOf(keys)))).rejects.toMatchObject({ code: 'weak_key' });
  });

  test('Ed25519, which Envoy does not load, is refused', async () => {
    const pair = generateKeyPairSync('ed25519');
    const der = { format: 'der', type: 'pkcs8' } as const;
    const privateKey = await webcrypto.subtle.importKey(
      'pkcs8',
      createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })).export(der),
      'Ed25519',
      true,
      ['sign'],
    );
    const publicKey = await webcrypto.subtle.importKey('spki', pair.publicKey.export({ format: 'der', type: 'spki' }), 'Ed25519', true, ['verify']);
    await expect(publicKeyOfCsr(pem(await csrOf({ privateKey, publicKey })))).rejects.toThrow(/CSR/);
  });

  test('a SHA-1 signature is refused', async () => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    await expect(publicKeyOfCsr(pem(await csrOf(keys, 'SHA-1')))).rejects.toMatchObject({
      code: 'bad_csr',
      message: expect.stringContaining('SHA-1'),
    });
  });

  test('what is no request, or more than one, is refused', async () => {
    const good = pem(await csrOf(await keyPair('ec')));
    const broken = ['', 'hello', good + good, good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'), pem(Buffer.from('junk')), 'x'.repeat(70_000)];
    for (const text of broken) await expect(publicKeyOfCsr(text)).rejects.toMatchObject({ code: 'bad_csr' });
  });
});
