/**
 * Who looks, and how much they may see (DB-005), the same over HTTP and over xDS: whoever is on this machine or proves an identity of
 * the root namespace sees everything, another identity what belongs to its own namespace, anybody else nothing.
 */
import { type Authenticator, authenticatePeer } from '../ca/authenticators/authenticator.js';
import type { WorkloadIdentity } from '../ca/spiffe.js';

/** Somebody who may look. */
export interface Caller {
  /** Sees only this namespace's proxies; undefined: everything. */
  readonly namespace?: string;
}

/** Somebody who asks; undefined when they must prove who they are first. */
export function callerOf(address: string, identity: WorkloadIdentity | undefined, rootNamespace: string): Caller | undefined {
  if (identity === undefined) return isLoopback(address) ? {} : undefined;
  return identity.namespace === rootNamespace ? {} : { namespace: identity.namespace };
}

/** The same for an HTTP request, where a bearer token is the only proof. */
export async function callerOfRequest(
  address: string,
  authorization: string | undefined,
  { authenticators, rootNamespace }: { readonly authenticators: readonly Authenticator[]; readonly rootNamespace: string },
): Promise<Caller | undefined> {
  if (isLoopback(address)) return {};
  if (authorization === undefined) return undefined;
  try {
    const identity = await authenticatePeer({ tls: { chainDer: [] }, headers: { authorization }, address }, authenticators);
    return identity && callerOf(address, identity, rootNamespace);
  } catch {
    return undefined;
  }
}

/** Whether an address, with or without its port, is this machine's own loopback. */
export const isLoopback = (address = ''): boolean => /^(\[?::1\]?(:\d+)?$|\[?(::ffff:)?127\.\d+\.\d+\.\d+\]?(:\d+)?$)/.test(address);
