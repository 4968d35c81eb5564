/** PEM texts as Envoy and OpenSSL read them: 64 columns, newline at the end, so that texts can simply be joined. */
import { webcrypto } from 'node:crypto';
import type { X509Certificate, X509Crl } from './x509.js';

/** One certificate. */
export function certificatePem(certificate: X509Certificate): string {
  return pem('CERTIFICATE', Buffer.from(certificate.rawData));
}

/** Several certificates in the order given. */
export function certificatesPem(certificates: readonly X509Certificate[]): string {
  return certificates.map(certificatePem).join('');
}

/** Revocation lists in the order given. */
export const crlsPem = (lists: readonly X509Crl[]): string => lists.map((list) => pem('X509 CRL', Buffer.from(list.rawData))).join('');

/** A private key as PKCS #8. */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
