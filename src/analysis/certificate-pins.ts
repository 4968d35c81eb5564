/** Digests of clients' certificates that are none: no client has them, and with no other in the list nobody gets in (GW-019). */
import { isCertificatePin, isPublicKeyPin } from '../model/certificate-pins.js';
import { type Draft, perRow } from './check.js';

const FIELDS = [
  ['verifyCertificateSpki', isPublicKeyPin, 'a public key in base64'],
  ['verifyCertificateHash', isCertificatePin, 'a certificate in hexadecimal digits'],
] as const;

export const certificatePins = perRow('certificate-pins', 'Gateway', (_, row) =>
  (row.spec.servers ?? []).flatMap(({ tls }, server) =>
    FIELDS.flatMap(([field, isPin, what]) =>
      (tls?.[field] ?? []).flatMap((pin, index): Draft[] =>
        isPin(pin)
          ? []
          : [
              {
                severity: 'error',
                code: 'certificate-pin',
                message: `'${pin}' is no SHA-256 of ${what}: no client's certificate has it`,
                at: { row, path: ['spec', 'servers', server, 'tls', field, index] },
              },
            ],
      ),
    ),
  ),
);
