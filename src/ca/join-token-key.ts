/**
 * The key that signs join tokens: ES256, apart from the CA key, made once in the data folder (`join-tokens/key.pem`).
 * `mizzen bootstrap` signs with it, the server verifies with it.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CertificateAuthorityError, messageOf } from './errors.js';
import { createFolderOnce, readPrivateFile } from './key-files.js';

/** Signs and verifies join tokens. */
export interface JoinTokenKey {
  /** Names the key in a token's header. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The folder in the data folder that holds the key and the list of revoked tokens. */
export function joinTokenFolder(dataFolder: string): string {
  return join(dataFolder, 'join-tokens');
}

/** The key of the data folder, made if there is none. Safe to call from several processes at once. */
export async function loadOrCreateJoinTokenKey(dataFolder: string): Promise<JoinTokenKey> {
  const folder = joinTokenFolder(dataFolder);
  const path = join(folder, 'key.pem');
  let pem = await readPrivateFile(path);
  if (pem === undefined) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const content = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await createFolderOnce(folder, [{ name: 'key.pem', content, isPrivate: true }]);
    pem = await readPrivateFile(path);
  }
  if (pem === undefined)
    throw new CertificateAuthorityError('missing_file', `${path} is missing though its folder is not empty: put it back, or remove ${folder}`);
  return parseKey(path, pem);
}

function parseKey(path: string, pem: string): JoinTokenKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (error) {
    throw new CertificateAuthorityError('bad_key', `${path}: is not an unencrypted PEM private key: ${messageOf(error)}`, { cause: error });
  }
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new CertificateAuthorityError('bad_key', `${path}: need an EC key on P-256`);
  const publicKey = createPublicKey(privateKey);
  const id = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64url')
    .slice(0, 16);
  return { id, privateKey, publicKey };
}
