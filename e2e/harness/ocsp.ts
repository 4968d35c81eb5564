/** What an OCSP responder of the outside authority says, as a gateway staples it. Needs openssl. https://www.rfc-editor.org/rfc/rfc6960 */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { CertificateFiles } from './certificates.js';

/** A signed answer (DER), good for a day: this certificate was not revoked. */
export function ocspResponse({ crt, ca, caKey }: CertificateFiles): Buffer {
  const { serialNumber } = new X509Certificate(readFileSync(crt));
  // The authority's register, in the format of `openssl ca`: state, expiry, revocation, serial, file, subject.
  const register = `${crt}.register`;
  writeFileSync(register, `V\t491231235959Z\t\t${serialNumber}\tunknown\t/CN=any\n`);
  const response = `${crt}.ocsp`;
  const signer = ['-index', register, '-CA', ca, '-rsigner', ca, '-rkey', caKey, '-ndays', '1'];
  execFileSync('openssl', ['ocsp', ...signer, '-issuer', ca, '-cert', crt, '-respout', response], { stdio: 'pipe' });
  return readFileSync(response);
}
