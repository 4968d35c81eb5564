/**
 * A fetched key set, cut down to what proxies need: public keys and nothing else. So no answer of a server reaches a proxy's configuration
 * word by word, and neither private parts nor shared secrets are passed on. https://www.rfc-editor.org/rfc/rfc7517
 */

import { isVerificationKey } from '../../api/json-web-key.js';

/** Members of public keys, by type of key. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] };
const SHARED = ['kid', 'use', 'alg'];
const MAX_KEYS = 256;

/** The public keys of a JSON web key set, as JSON. Throws when there is none. */
export function publicKeys(text: string): string {
  const keys = (parse(text) as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('not a JSON web key set');
  if (keys.length > MAX_KEYS) throw new Error(`more than ${MAX_KEYS} keys`);
  const usable = keys.map(publicKey).filter((key) => key !== undefined);
  if (usable.length === 0) throw new Error('no public key in the set that tokens could be verified with');
  return JSON.stringify({ keys: usable });
}

/** Where the keys are, from a discovery document. Throws when it does not say. */
export function keysUri(discovery: string): string {
  const uri = (parse(discovery) as { jwks_uri?: unknown } | null)?.jwks_uri;
  if (typeof uri !== 'string') throw new Error('no jwks_uri in the discovery document');
  return uri;
}

function publicKey(value: unknown): Record<string, string> | undefined {
  if (!isVerificationKey(value)) return undefined;
  const key = value;
  const members = MEMBERS[String(key['kty'])];
  // Shared secrets have none.
  if (members === undefined) return undefined;
  const names = ['kty', ...SHARED, ...members].filter((name) => typeof key[name] === 'string');
  return Object.fromEntries(names.map((name) => [name, key[name] as string]));
}

/** The parser's own message would quote the document. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not JSON');
  }
}
