/**
 * The self-signed root (CA-008): made once in the data folder by whichever process comes first, and loaded from there ever after.
 * Files `ca/ca-cert.pem` and `ca/ca-key.pem`, named as in Istio's secret of the same purpose.
 */
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, systemClock } from './clock.js';
import { CertificateAuthorityError } from './errors.js';
import { createFolderOnce, readPrivateFile, readPublicFile } from './key-files.js';
import { certificatePem, privateKeyPem } from './pem.js';
import { type SigningMaterial, signingMaterial } from './signing-material.js';
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, SubjectKeyIdentifierExtension, X509CertificateGenerator } from './x509.js';

/** How to make a root that is not there yet. */
export interface RootOptions {
  /** Becomes the organisation in the root's subject. */
  readonly trustDomain: string;
  /** @default 10 years */
  readonly lifetimeMs?: number;
  /** @default 'ecdsa', on P-256 */
  readonly keyType?: CaKeyType;
  readonly clock?: Clock;
}

/** Kinds of keys that a root of ours can have. */
export type CaKeyType = 'ecdsa' | 'rsa';

const day = 24 * 60 * 60 * 1000;
const tenYears = 3652 * day;
/** Workloads on other machines must not find the root in their future. */
const backdate = 60 * 60 * 1000;

/** The root of the data folder, made if there is none. Safe to call from several processes at once: all return the same root. */
export async function loadOrCreateRoot(dataFolder: string, options: RootOptions): Promise<SigningMaterial> {
  const folder = join(dataFolder, 'ca');
  const there = await loadRoot(folder);
  if (there !== undefined) return there;
  const root = await generateRoot(options);
  await createFolderOnce(folder, [
    { name: 'ca-cert.pem', content: root.certificatePem, isPrivate: false },
    { name: 'ca-key.pem', content: root.keyPem, isPrivate: true },
  ]);
  const made = await loadRoot(folder);
  if (made === undefined) {
    throw new CertificateAuthorityError('missing_file', `${folder} is not empty but holds no ca-cert.pem and ca-key.pem: no root was made; empty it`);
  }
  return made;
}

/** A new root as PEM texts, written nowhere. */
export async function generateRoot(options: RootOptions): Promise<{ certificatePem: string; keyPem: string }> {
  const now = (options.clock ?? systemClock).now();
  const keys = await generateKeys(options.keyType ?? 'ecdsa');
  const keyId = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // The key id in the name keeps an old and a new root apart for verifiers that look issuers up by name only.
    name: [{ O: [options.trustDomain] }, { CN: [`Mizzen root ${keyId.keyId.slice(0, 16)}`] }],
    keys,
    notBefore: new Date(now - backdate),
    notAfter: new Date(now + (options.lifetimeMs ?? tenYears)),
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash: 'SHA-256' },
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      keyId,
    ],
  });
  return { certificatePem: certificatePem(certificate), keyPem: await privateKeyPem(keys.privateKey) };
}

/** RSA of 3072 bits: what a root of ten years needs (NIST SP 800-57). */
async function generateKeys(keyType: CaKeyType): Promise<webcrypto.CryptoKeyPair> {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) };
  return keyType === 'rsa'
    ? webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
    : webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

/** The root in a folder, or undefined if it holds none. */
export async function loadRoot(folder: string): Promise<SigningMaterial | undefined> {
  const certificateFile = join(folder, 'ca-cert.pem');
  const keyFile = join(folder, 'ca-key.pem');
  let certificate = await readPublicFile(certificateFile);
  const key = await readPrivateFile(keyFile);
  if (certificate === undefined && key === undefined) return undefined;
  // Another process may have put the folder in place between the two reads.
  certificate ??= await readPublicFile(certificateFile);
  if (certificate === undefined || key === undefined) {
    const missing = certificate === undefined ? certificateFile : keyFile;
    throw new CertificateAuthorityError(
      'missing_file',
      `${missing} is missing: put it back, or remove ${folder} to get a new root (all proxies must rejoin)`,
    );
  }
  const named = { name: certificateFile, text: certificate };
  return signingMaterial({ certificate: named, key: { name: keyFile, text: key }, roots: named });
}
