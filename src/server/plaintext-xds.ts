/**
 * Where plaintext xDS may listen (XD-017). Whoever reaches it gets the mesh's configuration unasked who they are, so it stays on this machine
 * unless the operator says twice that it should not: by the address and by `--xds-plaintext anywhere`.
 */
import { isLoopback } from '../debug/caller.js';
import type { Address } from './options.js';

/** How far plaintext xDS may reach. */
export const XDS_PLAINTEXT = ['loopback', 'anywhere'] as const;

/** Throws when plaintext xDS would be open to other machines without having been allowed to. */
export function requireLocalPlaintext(address: Address | undefined, allowed: (typeof XDS_PLAINTEXT)[number]): void {
  if (address === undefined || allowed === 'anywhere' || address.host === 'localhost' || isLoopback(address.host)) return;
  throw new Error(
    `--xds-address ${address.host}: plaintext xDS gives the mesh's configuration to whoever can reach it; listen on loopback, or say --xds-plaintext anywhere`,
  );
}
