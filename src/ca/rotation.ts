/**
 * Rotation of the self-signed root with overlapping trust (CA-009). A new root is made beside the old one and takes over in three steps, by
 * time alone, so that a restart in between changes nothing:
 * distribute (old signs, both trusted) → sign (new signs, both trusted) → done (new alone).
 * From the second step on, chains carry the new root as signed by the old one: who knows only the old root, such as a bootstrap, still trusts them.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from './clock.js';
import { CertificateAuthorityError, messageOf } from './errors.js';
import { createFolderOnce, hasCode, readPublicFile } from './key-files.js';
import { certificatePem } from './pem.js';
import { caExtensions, generateRoot, isOld, loadOrCreateRoot, loadRoot, type RootOptions } from './root.js';
import { parseCertificates, type SigningMaterial } from './signing-material.js';
import { AuthorityKeyIdentifierExtension, SubjectKeyIdentifierExtension, type X509Certificate, X509CertificateGenerator } from './x509.js';

/** How long each step lasts. */
export interface RotationTimes {
  /** Both are trusted and the old one signs. @default 24 hours: agents fetch roots when they renew */
  readonly distributeForMs?: number;
  /** Both are trusted and the new one signs: no less than certificates live. @default 24 hours */
  readonly keepOldForMs?: number;
}

/** Where a rotation is. */
export interface Rotation {
  readonly signAt: Date;
  readonly dropAt: Date;
}

interface Next extends Rotation {
  readonly root: SigningMaterial;
  /** The new root's key and name, signed by the old root. */
  readonly cross: X509Certificate;
}

const day = 24 * 60 * 60 * 1000;

const currentFolder = (dataFolder: string): string => join(dataFolder, 'ca');
const nextFolder = (dataFolder: string): string => join(dataFolder, 'ca-next');

/** Makes the next root; running servers see it. Throws while a rotation is under way. Safe to call from several processes at once. */
export async function startRotation(dataFolder: string, options: RootOptions & RotationTimes): Promise<Rotation> {
  const { clock = systemClock, distributeForMs = day, keepOldForMs = day } = options;
  const old = await loadOrCreateRoot(dataFolder, options);
  const next = await generateRoot(options);
  const [certificate] = parseCertificates({ name: 'the new root', text: next.certificatePem });
  if (certificate === undefined) throw new Error('the new root has no certificate');
  const signAt = new Date(clock.now() + distributeForMs);
  const times = { signAt, dropAt: new Date(signAt.getTime() + keepOldForMs) };
  const isMine = await createFolderOnce(nextFolder(dataFolder), [
    { name: 'ca-cert.pem', content: next.certificatePem, isPrivate: false },
    { name: 'ca-key.pem', content: next.keyPem, isPrivate: true },
    { name: 'cross-cert.pem', content: certificatePem(await crossSign(certificate, old)), isPrivate: false },
    { name: 'rotation.json', content: `${JSON.stringify(times)}\n`, isPrivate: false },
  ]);
  if (!isMine) throw new CertificateAuthorityError('rotation_under_way', `${nextFolder(dataFolder)} is there: a rotation is under way already`);
  return times;
}

/** The rotation that is under way, if any. */
export async function currentRotation(dataFolder: string): Promise<Rotation | undefined> {
  return loadNext(dataFolder);
}

/** Settings of the self-signed root as a server runs it. */
export interface SelfSignedOptions extends RootOptions {
  /** Ends what is over and rotates in time; for the server alone. @default false */
  readonly isKeeper?: boolean;
}

/** What to sign with now: the data folder's root, made if there is none, in whatever step of rotation it is. */
export async function loadSelfSigned(dataFolder: string, options: SelfSignedOptions): Promise<SigningMaterial> {
  const now = (options.clock ?? systemClock).now();
  const next = await loadNext(dataFolder);
  if (next === undefined) {
    const root = await loadOrCreateRoot(dataFolder, options);
    if (options.isKeeper !== true || !isOld(root.certificate, now)) return root;
    await startRotation(dataFolder, options);
    return loadSelfSigned(dataFolder, { ...options, isKeeper: false });
  }
  const old = await loadRoot(currentFolder(dataFolder));
  if (now >= next.dropAt.getTime()) {
    if (options.isKeeper === true) await finish(dataFolder, old);
    return next.root;
  }
  if (old === undefined) throw new CertificateAuthorityError('missing_file', `${currentFolder(dataFolder)} is missing in the middle of a rotation`);
  if (now < next.signAt.getTime()) return { ...old, roots: [old.certificate, next.root.certificate] };
  return { ...next.root, intermediates: [next.cross], roots: [next.root.certificate, old.certificate] };
}

/**
 * The new root moves to where the old one was. The old one's place is named after it: a second process that is late can't move the new root
 * there, since rename never replaces a folder with content.
 */
async function finish(dataFolder: string, old: SigningMaterial | undefined): Promise<void> {
  try {
    if (old !== undefined) await rename(currentFolder(dataFolder), join(dataFolder, `ca-retired-${old.certificate.serialNumber}`));
    await rename(nextFolder(dataFolder), currentFolder(dataFolder));
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].some((code) => hasCode(error, code))) throw error;
  }
}

async function loadNext(dataFolder: string): Promise<Next | undefined> {
  const folder = nextFolder(dataFolder);
  const text = await readPublicFile(join(folder, 'rotation.json'));
  if (text === undefined) return undefined;
  const root = await loadRoot(folder);
  const name = join(folder, 'cross-cert.pem');
  const [cross] = parseCertificates({ name, text: (await readPublicFile(name)) ?? '' });
  if (root === undefined || cross === undefined) throw new CertificateAuthorityError('missing_file', `${folder} lacks its root: put it back`);
  return { root, cross, ...timesOf(text, folder) };
}

function timesOf(text: string, folder: string): Rotation {
  try {
    const { signAt, dropAt } = JSON.parse(text) as Record<'signAt' | 'dropAt', string>;
    const times = { signAt: new Date(signAt), dropAt: new Date(dropAt) };
    if (!(times.signAt.getTime() <= times.dropAt.getTime())) throw new Error('needs signAt and dropAt, in this order');
    return times;
  } catch (error) {
    throw new CertificateAuthorityError('missing_file', `${join(folder, 'rotation.json')}: ${messageOf(error)}`, { cause: error });
  }
}

/** The certificate with its key and name, signed by another root. */
export async function crossSign(certificate: X509Certificate, by: SigningMaterial): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    subject: certificate.subjectName,
    issuer: by.certificate.subjectName,
    publicKey: certificate.publicKey,
    signingKey: by.key,
    signingAlgorithm: { name: by.key.algorithm.name, hash: 'SHA-256' },
    notBefore: certificate.notBefore,
    notAfter: by.certificate.notAfter,
    extensions: [
      ...caExtensions(await SubjectKeyIdentifierExtension.create(certificate.publicKey)),
      await AuthorityKeyIdentifierExtension.create(by.certificate),
    ],
  });
}
