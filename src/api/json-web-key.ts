/**
 * Which JSON web keys Envoy can verify tokens with. It refuses a whole listener for a key set without a single one, so that a tenant's slip
 * would hold back every other change of a workload. https://www.rfc-editor.org/rfc/rfc7518
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';

/** Algorithms that a key of each type may be marked for. */
const ALGORITHMS: Readonly<Record<string, RegExp>> = {
  RSA: /^[RP]S(256|384|512)$/,
  EC: /^ES(256|384|512)$/,
  OKP: /^EdDSA$/,
  oct: /^HS(256|384|512)$/,
};
/** And the algorithm that each curve is for. */
const CURVES: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' };

const MIN_RSA_BITS = 1024;

/** True for a key that tokens can be verified with: known, whole and mathematically sound. */
export function isVerificationKey(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const key = value as JsonWebKey & Record<string, unknown>;
  const type = String(key.kty);
  const allowed = ALGORITHMS[type];
  const alg = key['alg'];
  if (allowed === undefined || (alg !== undefined && !(typeof alg === 'string' && allowed.test(alg)))) return false;
  if (type === 'oct') return typeof key['k'] === 'string' && /^[\w-]+$/.test(key['k']);
  if (type === 'EC' || type === 'OKP') {
    const forCurve = CURVES[String(key.crv)];
    if (forCurve === undefined || (alg !== undefined && alg !== forCurve)) return false;
  }
  return isSound(key);
}

function isSound(key: JsonWebKey): boolean {
  try {
    const { kty, n, e, crv, x, y } = key;
    const publicPart = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x };
    const { modulusLength = MIN_RSA_BITS } = createPublicKey({ key: publicPart as JsonWebKey, format: 'jwk' }).asymmetricKeyDetails ?? {};
    return modulusLength >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}

/** The keys of a set, or a single key as a list of one; undefined for text that is neither. */
export function keysOfSet(text: string): readonly unknown[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { keys } = value as { keys?: unknown };
  if (Array.isArray(keys)) return keys;
  return keys === undefined && 'kty' in value ? [value] : undefined;
}
