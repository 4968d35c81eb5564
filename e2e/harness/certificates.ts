/** Certificates of the outside world, for gateways and servers that TLS is originated to: one authority, made anew for each run. */
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly key: string;
  readonly crt: string;
  readonly ca: string;
}

/** Makes an authority and a key pair for each name (common name and SAN) in `folder`. */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<Record<string, CertificateFiles>> {
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
  const files: Record<string, CertificateFiles> = {};
  for (const [n, name] of names.entries()) {
    const pair = await keys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...valid,
      serialNumber: `0${n + 1}`,
      subject: `CN=${name}`,
      issuer: subject,
      publicKey: pair.publicKey,
      signingKey: root.privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
    });
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
    const at = (part: string): string => join(folder, `${name}.${part}`);
    writeFileSync(at('key'), x509.PemConverter.encode(key, 'PRIVATE KEY'));
    writeFileSync(at('crt'), certificate.toString('pem'));
    writeFileSync(at('ca'), authority.toString('pem'));
    files[name] = { key: at('key'), crt: at('crt'), ca: at('ca') };
  }
  return files;
}
