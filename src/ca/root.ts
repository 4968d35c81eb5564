/**
 * The self-signed root (CA-008): made once in the data folder by whichever process comes first, and loaded from there ever after.
 * Files `ca/ca-cert.pem` and `ca/ca-key.pem`, named as in Istio's secret of the same purpose.
 */
import { join } from 'node:path';
import { type Clock, systemClock } from './clock.js';
import { CertificateAuthorityError } from './errors.js';
import { createFolderOnce, readPrivateFile, readPublicFile } from './key-files.js';
import { generateKeys, type KeyType } from './key-pairs.js';
import { certificatePem, privateKeyPem } from './pem.js';
import { type SigningMaterial, signingMaterial } from './signing-material.js';
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from './x509.js';

/** How to make a root that is not there yet. */
export interface RootOptions {
  /** Becomes the organisation in the root's subject. */
  readonly trustDomain: string;
  /** @default 10 years */
  readonly lifetimeMs?: number;
  /** @default 'ecdsa', on P-256 */
  readonly keyType?: KeyType;
  readonly clock?: Clock;
}

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
  const keys = await generateKeys(options.keyType ?? 'ecdsa', 3072);
  const keyId = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // The key id in the name keeps an old and a new root apart for verifiers that look issuers up by name only.
    name: [{ O: [options.trustDomain] }, { CN: [`Mizzen root ${keyId.keyId.slice(0, 16)}`] }],
    keys,
    notBefore: new Date(now - backdate),
    notAfter: new Date(now + (options.lifetimeMs ?? tenYears)),
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash: 'SHA-256' },
    extensions: caExtensions(keyId),
  });
  return { certificatePem: certificatePem(certificate), keyPem: await privateKeyPem(keys.privateKey) };
}

/** A root with less than this share of its life left is replaced without being asked. */
const lastShare = 0.2;

/** True for a certificate that should be replaced soon. */
export function isOld({ notBefore, notAfter }: X509Certificate, now: number): boolean {
  const end = notAfter.getTime();
  return end - now < (end - notBefore.getTime()) * lastShare;
}

/**
 * The same root for another life: its key, its name, and so all that it has signed, stay good for whoever knows either certificate (CA-009).
 * PEM, written nowhere.
 */
export async function renewRoot({ certificate, key }: SigningMaterial, clock: Clock = systemClock): Promise<string> {
  const now = clock.now();
  const renewed = await X509CertificateGenerator.create({
    subject: certificate.subjectName,
    issuer: certificate.subjectName,
    publicKey: certificate.publicKey,
    signingKey: key,
    signingAlgorithm: { name: key.algorithm.name, hash: 'SHA-256' },
    notBefore: new Date(now - backdate),
    notAfter: new Date(now + certificate.notAfter.getTime() - certificate.notBefore.getTime()),
    extensions: caExtensions(await SubjectKeyIdentifierExtension.create(certificate.publicKey)),
  });
  return certificatePem(renewed);
}

/** What makes a certificate one of an authority. */
export const caExtensions = (keyId: SubjectKeyIdentifierExtension): Extension[] => [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  keyId,
];

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
