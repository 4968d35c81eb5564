/**
 * A certificate signing request (RFC 2986) gives us one thing only: a public key and proof that the asker holds its private half.
 * Its subject, names and other extensions are never looked at (CA-006).
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { CertificateAuthorityError, messageOf } from './errors.js';
import { PemConverter, Pkcs10CertificateRequest, PublicKey } from './x509.js';

/** Far beyond any real request; keeps the parser from work on demand. */
const maxCsrLength = 64 * 1024;
const minRsaBits = 2048;
const maxRsaBits = 8192;
/** The curves that Envoy loads keys of by default and Istio's agent can make. */
const curves = new Set(['prime256v1', 'secp384r1']);
const hashes = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/** The proven public key of the request; throws for a request that is broken, not signed by its own key, or has a key that we won't certify. */
export async function publicKeyOfCsr(csrPem: string): Promise<PublicKey> {
  const request = parse(csrPem);
  const hash = request.signatureAlgorithm.hash;
  if (hash === undefined || !hashes.has(hash.name))
    throw refused(`is signed with ${hash?.name ?? 'an unknown hash'}: use SHA-256, SHA-384 or SHA-512`);
  const key = checkedKey(request);
  if (!(await isSelfSigned(request))) throw refused('is not signed by the key that it holds');
  // Written anew by OpenSSL, so that what we sign is the key as it was understood.
  return new PublicKey(key.export({ format: 'der', type: 'spki' }));
}

function parse(csrPem: string): Pkcs10CertificateRequest {
  if (csrPem.length > maxCsrLength) throw refused(`is longer than ${maxCsrLength} bytes`);
  try {
    const blocks = PemConverter.decodeWithHeaders(csrPem);
    const [block] = blocks;
    if (blocks.length !== 1 || block === undefined || (block.type !== 'CERTIFICATE REQUEST' && block.type !== 'NEW CERTIFICATE REQUEST')) {
      throw new Error('need exactly one PEM block, CERTIFICATE REQUEST');
    }
    return new Pkcs10CertificateRequest(block.rawData);
  } catch (error) {
    throw refused(`can't be read: ${messageOf(error)}`, error);
  }
}

function checkedKey(request: Pkcs10CertificateRequest): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch (error) {
    throw refused(`has a public key that can't be read: ${messageOf(error)}`, error);
  }
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < minRsaBits || modulusLength > maxRsaBits) {
      throw new CertificateAuthorityError('weak_key', `CSR has an RSA key of ${modulusLength} bits: need ${minRsaBits} to ${maxRsaBits}`);
    }
    if (publicExponent < 65537n)
      throw new CertificateAuthorityError('weak_key', `CSR has an RSA key with public exponent ${publicExponent}: need 65537 or more`);
    return key;
  }
  if (key.asymmetricKeyType === 'ec' && curves.has(namedCurve)) return key;
  throw new CertificateAuthorityError('weak_key', `CSR has a key of type ${key.asymmetricKeyType} ${namedCurve}: need RSA, or EC on P-256 or P-384`);
}

async function isSelfSigned(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    return false; // a signature algorithm that does not fit the key
  }
}

function refused(why: string, cause?: unknown): CertificateAuthorityError {
  return new CertificateAuthorityError('bad_csr', `CSR ${why}`, { cause });
}
