/**
 * Puts a leaf certificate together and signs it. Everything in it is decided here and by the caller, nothing by who asked.
 * Follows RFC 5280 and the X.509-SVID standard: empty subject, therefore critical subject alternative names; not a CA; key ids of leaf and signer.
 */
import { CertificateAuthorityError } from './errors.js';
import type { SigningMaterial } from './signing-material.js';
import type { Validity } from './validity.js';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from './x509.js';

/** What a leaf says. */
export interface Leaf {
  readonly publicKey: PublicKey;
  readonly names: readonly JsonGeneralName[];
  readonly usages: readonly ExtendedKeyUsage[];
  readonly validity: Validity;
}

const rsaEncryption = 'RSASSA-PKCS1-v1_5';

/** The signed leaf. */
export async function signLeaf(signer: SigningMaterial, leaf: Leaf): Promise<X509Certificate> {
  if (leaf.names.length === 0) throw new CertificateAuthorityError('bad_name', 'a leaf certificate needs at least one name');
  return X509CertificateGenerator.create({
    issuer: signer.certificate.subjectName,
    publicKey: leaf.publicKey,
    signingKey: signer.key,
    signingAlgorithm: { name: signer.key.algorithm.name, hash: isP384(signer) ? 'SHA-384' : 'SHA-256' },
    notBefore: leaf.validity.notBefore,
    notAfter: leaf.validity.notAfter,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(keyUsage(leaf.publicKey), true),
      new ExtendedKeyUsageExtension([...leaf.usages], false),
      new SubjectAlternativeNameExtension([...leaf.names], true),
      await SubjectKeyIdentifierExtension.create(leaf.publicKey),
      await authorityKeyIdentifier(signer.certificate),
    ],
  });
}

/** RSA keys may also transport keys (TLS 1.2 without forward secrecy); EC keys only sign. */
function keyUsage(key: PublicKey): KeyUsageFlags {
  const isRsa = key.algorithm.name === rsaEncryption;
  return isRsa ? KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment : KeyUsageFlags.digitalSignature;
}

/** The id that the signer's certificate states (a foreign CA may derive it otherwise than we would), else one made from its key. */
async function authorityKeyIdentifier(signer: X509Certificate): Promise<Extension> {
  const stated = signer.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  return stated === undefined ? AuthorityKeyIdentifierExtension.create(signer.publicKey) : new AuthorityKeyIdentifierExtension(stated, false);
}

function isP384(signer: SigningMaterial): boolean {
  const algorithm = signer.key.algorithm;
  return 'namedCurve' in algorithm && algorithm.namedCurve === 'P-384';
}
