/** Certificates of the outside world, for gateways and servers that TLS is originated to: one authority, made anew for each run. */
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly key: string;
  readonly crt: string;
  readonly ca: string;
  /** The authority's own key. */
  readonly caKey: string;
  /** Revocations by the authority. */
  readonly crl: string;
}

/** Makes an authority and a key pair for each name (common name and SAN) in `folder`; the authority has revoked those of `revoked`. */
export async function makeCertificates(
  folder: string,
  names: readonly string[],
  revoked: readonly string[] = [],
): Promise<Record<string, CertificateFiles>> {
  const keys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await keys();
  const subject = 'CN=Outside Authority';
  const valid = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000), signingAlgorithm: algorithm };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...valid,
    name: subject,
    keys: root,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  const serialOf = (name: string): string => `0${names.indexOf(name) + 1}`;
  const revocations = await x509.X509CrlGenerator.create({
    issuer: subject,
    thisUpdate: valid.notBefore,
    nextUpdate: valid.notAfter,
    // Without a reason the library writes an empty list of extensions, which Envoy's TLS refuses.
    entries: revoked.map((name) => ({ serialNumber: serialOf(name), revocationDate: valid.notBefore, reason: x509.X509CrlReason.keyCompromise })),
    signingAlgorithm: algorithm,
    signingKey: root.privateKey,
  });
  const caKey = join(folder, 'authority.key');
  await writeKey(caKey, root);
  const files: Record<string, CertificateFiles> = {};
  for (const name of names) {
    const pair = await keys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...valid,
      serialNumber: serialOf(name),
      subject: `CN=${name}`,
      issuer: subject,
      publicKey: pair.publicKey,
      signingKey: root.privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }])],
    });
    const at = (part: string): string => join(folder, `${name}.${part}`);
    await writeKey(at('key'), pair);
    writeFileSync(at('crt'), certificate.toString('pem'));
    writeFileSync(at('ca'), authority.toString('pem'));
    writeFileSync(at('crl'), x509.PemConverter.encode(revocations.rawData, 'X509 CRL'));
    files[name] = { key: at('key'), crt: at('crt'), ca: at('ca'), caKey, crl: at('crl') };
  }
  return files;
}

async function writeKey(path: string, { privateKey }: webcrypto.CryptoKeyPair): Promise<void> {
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey));
  writeFileSync(path, x509.PemConverter.encode(key, 'PRIVATE KEY'));
}
