/**
 * What the protocol tells of itself: metrics and logs hang here. Every method is optional and must not throw.
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { LimitName } from './grpc-status.js';
import type { PeerInfo } from './transport/peer.js';

/** Which of the two ADS variants a stream speaks. */
export type XdsVariant = 'sotw' | 'delta';

/** Events of all streams. */
export interface XdsObserver {
  /** A proxy was accepted by the provider. */
  connected?(event: { proxy: string; node: Node; peer: PeerInfo; variant: XdsVariant }): void;
  /** A stream ended, for whatever reason. `ms` is its age; `message` is set when the server ended it. */
  disconnected?(event: { proxy: string; node: Node; ms: number; status?: number; message?: string }): void;
  /** A stream was refused before it became a proxy. */
  refused?(event: { peer: PeerInfo; status: number; message: string }): void;
  /** A peer passed one of the limits and lost its stream or connection. */
  limited?(event: { limit: LimitName; address: string; message: string; proxy?: string }): void;
  /** A request came in, of this size. */
  received?(bytes: number): void;
  /** A stream with something to send had its turn, after it waited so long. */
  queued?(ms: number): void;
  /** All that was handed to a stream has left, `ms` after the first byte of it was handed over. */
  written?(ms: number): void;
  /** A response was handed to the transport. `ms` is the time since the change was reported or the request came in. */
  pushed?(event: {
    proxy: string;
    typeUrl: string;
    bytes: number;
    resources: number;
    removed: number;
    ms: number;
    nonce: string;
    version: string;
  }): void;
  /** The proxy accepted a response, `ms` after it was sent. */
  acked?(event: { proxy: string; typeUrl: string; nonce: string; ms: number }): void;
  /** The proxy refused a response and stays on what it had. `code` (of gRPC) and `message` are the client's own. */
  nacked?(event: {
    proxy: string;
    typeUrl: string;
    code: number;
    message: string;
    nonce: string;
    version: string;
    resources: readonly string[];
  }): void;
  /** A request answered a response that is no longer the newest. */
  staleNonce?(event: { proxy: string; typeUrl: string; nonce: string }): void;
  /** Routes were sent although their clusters had not been accepted within the limit. */
  gateExpired?(event: { proxy: string; typeUrl: string; ms: number }): void;
  /** A secret type was asked for over plaintext and answered with nothing. */
  secretRefused?(event: { proxy: string; typeUrl: string; peer: PeerInfo }): void;
  /** The provider threw on a read; the proxy keeps what it has until the next change. */
  readFailed?(event: { proxy: string; typeUrl: string; error: unknown }): void;
}
