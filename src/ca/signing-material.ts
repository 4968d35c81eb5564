/**
 * What the authority signs with: a CA certificate with its key, the intermediates above it and the roots that peers trust.
 * One shape for the self-signed root (root.ts) and a plugged-in intermediate (cacerts.ts), checked once here.
 */
import { createPrivateKey, type KeyObject, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import { CertificateAuthorityError, messageOf } from './errors.js';
import { type ListIssuers, parseRevocationLists } from './revocation-lists.js';
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, PemConverter, X509Certificate, type X509Crl } from './x509.js';

/** A signer that was checked: key and certificate belong together and lead to a root. */
export interface SigningMaterial {
  /** Private key of `certificate`; can't be exported. */
  readonly key: webcrypto.CryptoKey;
  /** The CA certificate that signs. */
  readonly certificate: X509Certificate;
  /** What a peer needs between a leaf and a root, nearest the leaf first; holds `certificate` itself unless that is a root. */
  readonly intermediates: readonly X509Certificate[];
  /** Trust anchors, never empty. Several while roots overlap. */
  readonly roots: readonly X509Certificate[];
  /** Revocation lists of the CAs above; absent: nobody keeps any. */
  readonly crls?: readonly X509Crl[];
}

/** Texts to make a signer of, each with the name to blame in errors. */
export interface SigningSource {
  readonly certificate: NamedText;
  readonly key: NamedText;
  readonly roots: NamedText;
  /** Certificates above the signer, in any order; may repeat the signer or a root. */
  readonly chain?: NamedText;
  /** Revocation lists. */
  readonly crl?: NamedText;
}

/** A text and where it came from. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** Checks the texts and imports the key. */
export async function signingMaterial(source: SigningSource): Promise<SigningMaterial> {
  const certificate = parseCertificates(source.certificate)[0];
  if (certificate === undefined) throw new CertificateAuthorityError('bad_certificate', `${source.certificate.name}: holds no certificate`);
  if (!isCertificateAuthority(certificate)) {
    throw new CertificateAuthorityError('bad_certificate', `${source.certificate.name}: may not sign certificates (basic constraints or key usage)`);
  }
  const key = parsePrivateKey(source.key);
  if (!toNode(certificate).checkPrivateKey(key)) {
    throw new CertificateAuthorityError('key_mismatch', `${source.key.name}: is not the key of ${source.certificate.name}`);
  }
  const roots = parseCertificates(source.roots);
  const above = source.chain === undefined ? [] : parseCertificates(source.chain);
  const intermediates = pathToRoot(certificate, above, roots, source);
  const crls = source.crl && (await parseRevocationLists(source.crl, listIssuers(certificate, intermediates, roots)));
  return { key: await importSigningKey(key, source.key.name), certificate, intermediates, roots, ...(crls && { crls }) };
}

/** Who issues what stands between a leaf of ours and the first root above it: the signer, and the issuers of all intermediates. */
function listIssuers(certificate: X509Certificate, intermediates: readonly X509Certificate[], roots: readonly X509Certificate[]): ListIssuers {
  const isRoot = roots.some((one) => one.equal(certificate));
  const rootOf = (one: X509Certificate): X509Certificate | undefined => roots.find((root) => isIssuedBy(toNode(one), toNode(root)));
  const top = isRoot ? -1 : intermediates.findIndex((one) => rootOf(one) !== undefined);
  const root = intermediates[top] && rootOf(intermediates[top]);
  const below = intermediates.slice(0, top + 1).filter((one) => !one.equal(certificate));
  const needed = [certificate, ...below, ...(root === undefined ? [] : [root])];
  // Those first: a list of a root must not count for the same root as signed by another.
  const rest = [...intermediates, ...roots].filter((one) => !needed.some((other) => other.equal(one)));
  return { known: [...needed, ...rest], needed };
}

/** Every certificate of a PEM text, in order. */
export function parseCertificates(source: NamedText): X509Certificate[] {
  try {
    const found = PemConverter.decodeWithHeaders(source.text).filter((block) => block.type === PemConverter.CertificateTag);
    if (found.length === 0) throw new Error('holds no certificate');
    return found.map((block) => new X509Certificate(block.rawData));
  } catch (error) {
    throw new CertificateAuthorityError('bad_certificate', `${source.name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether the certificate says that it may sign others. */
export function isCertificateAuthority(certificate: X509Certificate): boolean {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
  return certificate.getExtension(BasicConstraintsExtension)?.ca === true && (usages === undefined || (usages & KeyUsageFlags.keyCertSign) !== 0);
}

/** The same certificate for node:crypto, which verifies with OpenSSL. */
export function toNode(certificate: X509Certificate): NodeCertificate {
  return new NodeCertificate(Buffer.from(certificate.rawData));
}

/** Whether `issuer` signed `subject`: names, key ids and signature. */
export function isIssuedBy(subject: NodeCertificate, issuer: NodeCertificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    return false; // a key type that does not fit the signature
  }
}

/**
 * The way up from the signer as peers need it. It goes on beyond the first root that we trust: a root that is signed by another one as well
 * (cross-signed) is known to some peers by that other one only, and the operator put it into the chain for them.
 */
function pathToRoot(
  signer: X509Certificate,
  above: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  source: SigningSource,
): X509Certificate[] {
  const isRoot = (one: X509Certificate): boolean => roots.some((root) => root.equal(one));
  const isBelowRoot = (one: X509Certificate): boolean => roots.some((root) => isIssuedBy(toNode(one), toNode(root)));
  const path: X509Certificate[] = isRoot(signer) ? [] : [signer];
  let isTrusted = isRoot(signer);
  for (let current = signer; ; ) {
    const node = toNode(current);
    isTrusted ||= isBelowRoot(current);
    const isNew = (one: X509Certificate): boolean => !isRoot(one) && !isSelfSigned(one) && !path.some((seen) => seen.equal(one));
    // Above a root only itself, as signed by another one.
    const isFit = (one: X509Certificate): boolean => !isRoot(current) || one.subject === current.subject;
    const issuers = above.filter((one) => isNew(one) && isFit(one) && isIssuedBy(node, toNode(one)));
    const next = issuers.find(isBelowRoot) ?? issuers[0];
    if (next === undefined) {
      if (isTrusted) return path;
      const where = source.chain === undefined ? source.roots.name : `${source.chain.name} and ${source.roots.name}`;
      throw new CertificateAuthorityError('broken_chain', `${where}: no issuer found for "${current.subject}" (${source.certificate.name})`);
    }
    path.push(next);
    current = next;
  }
}

/** A root that nobody here trusts: of no use in a chain. */
const isSelfSigned = (certificate: X509Certificate): boolean => isIssuedBy(toNode(certificate), toNode(certificate));

function parsePrivateKey(source: NamedText): KeyObject {
  try {
    return createPrivateKey(source.text);
  } catch (error) {
    throw new CertificateAuthorityError('bad_key', `${source.name}: is not an unencrypted PEM private key: ${messageOf(error)}`, { cause: error });
  }
}

async function importSigningKey(key: KeyObject, name: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, signingAlgorithm(key, name), false, ['sign']);
}

function signingAlgorithm(key: KeyObject, name: string): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams {
  const curves: Record<string, string> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const curve = key.asymmetricKeyType === 'ec' ? curves[namedCurve] : undefined;
  if (curve !== undefined) return { name: 'ECDSA', namedCurve: curve };
  throw new CertificateAuthorityError('bad_key', `${name}: need an RSA key of 2048 bits or more, or an EC key on P-256, P-384 or P-521`);
}
