/** Signers for tests, made in memory. */
import { webcrypto } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../authority.js';
import { type Clock, systemClock } from '../clock.js';
import type { KeyType } from '../key-pairs.js';
import { certificatePem, privateKeyPem } from '../pem.js';
import { generateRoot } from '../root.js';
import { type SigningMaterial, signingMaterial } from '../signing-material.js';
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '../x509.js';

/** The identity that most tests use. */
export const reviews = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };

/** A self-signed root. */
export async function rootMaterial(options: { clock?: Clock; lifetimeMs?: number; keyType?: KeyType } = {}): Promise<SigningMaterial> {
  const { certificatePem: text, keyPem } = await generateRoot({ trustDomain: 'cluster.local', ...options });
  return signingMaterial({ certificate: { name: 'root', text }, key: { name: 'key', text: keyPem }, roots: { name: 'root', text } });
}

/** An authority for cluster.local over a root. */
export async function authorityOf(clock: Clock = systemClock, signer?: SigningMaterial): Promise<CertificateAuthority> {
  return new CertificateAuthority(signer ?? (await rootMaterial({ clock })), { trustDomain: 'cluster.local', clock });
}

/** A CA certificate below the given signer, as PEM texts. */
export async function intermediateOf(
  parent: SigningMaterial,
  options: {
    name?: string;
    algorithm?: 'ec' | 'rsa' | 'p384';
    notAfter?: Date;
    extensions?: Extension[];
    pathLength?: number;
    usages?: KeyUsageFlags;
  } = {},
): Promise<{ certificate: string; key: string }> {
  const keys = await keyPair(options.algorithm ?? 'ec');
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [options.name ?? 'intermediate'] }],
    issuer: parent.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: parent.key,
    signingAlgorithm: { name: parent.key.algorithm.name, hash: 'SHA-256' },
    notBefore: parent.certificate.notBefore,
    notAfter: options.notAfter ?? parent.certificate.notAfter,
    extensions: [
      new BasicConstraintsExtension(true, options.pathLength, true),
      new KeyUsagesExtension(options.usages ?? KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(options.extensions ?? []),
    ],
  });
  return { certificate: certificatePem(certificate), key: await privateKeyPem(keys.privateKey) };
}

/** A signer out of PEM texts. */
export async function materialOf(ca: { certificate: string; key: string }, roots: string, chain?: string): Promise<SigningMaterial> {
  const base = {
    certificate: { name: 'ca-cert', text: ca.certificate },
    key: { name: 'ca-key', text: ca.key },
    roots: { name: 'roots', text: roots },
  };
  return signingMaterial(chain === undefined ? base : { ...base, chain: { name: 'chain', text: chain } });
}

/** A key pair that can sign certificates and requests. */
export async function keyPair(algorithm: 'ec' | 'rsa' | 'p384'): Promise<webcrypto.CryptoKeyPair> {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const ec = { name: 'ECDSA', namedCurve: algorithm === 'p384' ? 'P-384' : 'P-256' };
  return algorithm === 'rsa'
    ? webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
    : webcrypto.subtle.generateKey(ec, true, ['sign', 'verify']);
}

/** Runs with a new folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mizzen-ca-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
