/**
 * A plugged-in CA (CA-010, CA-014): the layout of Istio's `cacerts` secret as a folder, so that the mesh's signer is an intermediate of one's own root.
 */
import { join } from 'node:path';
import { CertificateAuthorityError } from './errors.js';
import { readPrivateFile, readPublicFile } from './key-files.js';
import { type NamedText, type SigningMaterial, signingMaterial } from './signing-material.js';

/** The signer of a folder with ca-cert.pem, ca-key.pem, root-cert.pem and, if there are CAs between signer and root, cert-chain.pem; ca-crl.pem if the CAs keep lists. */
export async function loadPluggedInCa(folder: string): Promise<SigningMaterial> {
  const certificate = await required(folder, 'ca-cert.pem', readPublicFile);
  const key = await required(folder, 'ca-key.pem', readPrivateFile);
  const roots = await required(folder, 'root-cert.pem', readPublicFile);
  const chain = await optional(folder, 'cert-chain.pem', readPublicFile);
  const crl = await optional(folder, 'ca-crl.pem', readPublicFile);
  return signingMaterial({ certificate, key, roots, ...(chain && { chain }), ...(crl && { crl }) });
}

type Reader = (path: string) => Promise<string | undefined>;

async function optional(folder: string, file: string, read: Reader): Promise<NamedText | undefined> {
  const name = join(folder, file);
  const text = await read(name);
  return text === undefined || text.trim() === '' ? undefined : { name, text };
}

async function required(folder: string, file: string, read: Reader): Promise<NamedText> {
  const found = await optional(folder, file, read);
  if (found === undefined) throw new CertificateAuthorityError('missing_file', `${join(folder, file)} is missing or empty: a plugged-in CA needs it`);
  return found;
}
