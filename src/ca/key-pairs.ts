/** Keys that we make for others: ECDSA on P-256, small and fast, or RSA for peers that know nothing else (CA-021). */
import { webcrypto } from 'node:crypto';

/** Kinds of keys that are made. */
export type KeyType = 'ecdsa' | 'rsa';

/** A new key that can be exported. `rsaBits`: 3072 for what must hold for years (NIST SP 800-57), 2048 for what is gone tomorrow. */
export async function generateKeys(keyType: KeyType, rsaBits: 2048 | 3072): Promise<webcrypto.CryptoKeyPair> {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: rsaBits, publicExponent: new Uint8Array([1, 0, 1]) };
  return keyType === 'rsa'
    ? webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
    : webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}
