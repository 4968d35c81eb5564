/** What a stream looks like from outside: the material of /debug/syncz and of config dumps. */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import { sortedOf } from './name-lists.js';
import type { XdsVariant } from './observer.js';
import type { ResourceSet } from './provider.js';
import type { Subscription } from './subscription.js';
import type { PeerInfo } from './transport/peer.js';

/** One connected proxy. */
export interface ConnectionStatus {
  readonly proxy: string;
  readonly variant: XdsVariant;
  readonly node: Node;
  readonly peer: PeerInfo;
  readonly connectedAt: Date;
  readonly bufferedBytes: number;
  readonly types: readonly TypeStatus[];
}

/** One type on a stream. Versions and nonces are empty strings before the first. */
export interface TypeStatus {
  readonly typeUrl: string;
  readonly wildcard: boolean;
  readonly names: readonly string[];
  readonly versionSent: string;
  readonly nonceSent: string;
  readonly versionAcked: string;
  readonly nonceAcked: string;
  /** Age of the newest response; undefined before the first. */
  readonly sentAgoMs?: number;
  /** A change is known and not sent yet. */
  readonly isStale: boolean;
  /** The last refusal, until a later response is accepted. */
  readonly error?: { readonly message: string; readonly nonce: string; readonly version: string };
  /** What the client was sent and has not been told to remove. */
  readonly resources: ResourceSet;
}

/** The status of one subscription. */
export function typeStatusOf(subscription: Subscription<never>, isStale: boolean, now: number): TypeStatus {
  const { typeUrl, wildcard, versionSent, nonceSent, versionAcked, nonceAcked, nack, sentAt } = subscription;
  return {
    typeUrl,
    wildcard,
    names: sortedOf(subscription.names),
    versionSent,
    nonceSent,
    versionAcked,
    nonceAcked,
    isStale,
    ...(sentAt !== undefined && { sentAgoMs: now - sentAt }),
    ...(nack === undefined ? {} : { error: { message: nack.message, nonce: nack.nonce, version: nack.version } }),
    resources: subscription.sent,
  };
}
