/** What the streams of a server have in common, and what the server knows of each. */
import type { ChangeTracker } from './change-tracker.js';
import type { Clock } from './clock.js';
import type { ConnectionStatus } from './connection-status.js';
import type { GrpcStatus, LimitName } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { ResourceProvider } from './provider.js';
import type { ByteBudget, Pushable, PushQueue } from './push-queue.js';
import type { StreamQuotas } from './stream-quotas.js';
import type { PeerInfo } from './transport/peer.js';

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly provider: ResourceProvider;
  readonly observer: XdsObserver;
  readonly limits: XdsLimits;
  readonly clock: Clock;
  readonly queue: PushQueue;
  readonly budget: ByteBudget;
  /** Streams by identity and by proxy. */
  readonly quotas: StreamQuotas;
  /** Follows changes until they are answered; undefined: nobody does. */
  readonly changes: ChangeTracker | undefined;
  /** Identifier sent with the first response of each type; empty for none. */
  readonly controlPlane: string;
  /** Called once when the stream is over. */
  onClose(connection: AnyConnection, peer: PeerInfo): void;
}

/** A connection whatever its variant. */
export interface AnyConnection extends Pushable {
  status(): ConnectionStatus | undefined;
  sweep(): void;
  end(status: GrpcStatus, message: string, limit?: LimitName): void;
}
