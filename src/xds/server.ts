/**
 * The xDS server: registers the two ADS methods on a gRPC transport and keeps the connections.
 * It serves whatever a {@link ResourceProvider} gives it and knows nothing of the mesh.
 */
import { randomBytes } from 'node:crypto';
import type { ChangeTracker } from './change-tracker.js';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import { Connection } from './connection.js';
import type { AnyConnection, ConnectionContext } from './connection-context.js';
import type { ConnectionStatus } from './connection-status.js';
import type { LimitName } from './grpc-status.js';
import { GrpcStatus } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import { defaultXdsLimits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { ResourceProvider } from './provider.js';
import { ByteBudget, PushQueue } from './push-queue.js';
import { hostOf, Quota } from './quota.js';
import { StreamQuotas } from './stream-quotas.js';
import type { GrpcServer, Stream } from './transport/grpc-server.js';
import type { AnyRequest, Variant } from './variant.js';
import { deltaVariant, sotwVariant } from './variant.js';

/** What an {@link XdsServer} is made of. */
export interface XdsServerOptions {
  readonly provider: ResourceProvider;
  readonly observer?: XdsObserver;
  readonly limits?: Partial<XdsLimits>;
  /** Sent as control_plane.identifier with the first response of each type on a stream. @default none */
  readonly controlPlane?: string;
  /** Follows changes until they are answered. @default nobody does */
  readonly changes?: ChangeTracker;
  /** For tests. */
  readonly clock?: Clock;
}

/** Serves ADS, state of the world and incremental, on any number of transports. */
export class XdsServer {
  readonly #connections = new Set<AnyConnection>();
  readonly #context: ConnectionContext;
  readonly #byAddress: Quota;
  readonly #noncePrefix = randomBytes(4).toString('base64url');
  #streams = 0;
  #stopSweep: (() => void) | undefined;
  #isClosing = false;

  constructor(options: XdsServerOptions) {
    const limits = { ...defaultXdsLimits, ...options.limits };
    const clock = options.clock ?? systemClock;
    const budget = new ByteBudget(limits.maxBytesInFlight);
    const { observer = {} } = options;
    this.#context = {
      provider: options.provider,
      observer,
      limits,
      clock,
      budget,
      quotas: new StreamQuotas(limits),
      queue: new PushQueue(clock, budget, limits.sliceMs, (ms) => observer.queued?.(ms)),
      changes: options.changes,
      controlPlane: options.controlPlane ?? '',
      onClose: (connection, { address }) => {
        if (this.#connections.delete(connection)) this.#byAddress.give(hostOf(address));
      },
    };
    this.#byAddress = new Quota(limits.maxStreamsPerAddress);
    this.#sweep();
  }

  /** Adds the ADS methods to a transport. */
  attach(server: GrpcServer): void {
    server.addBidi(sotwVariant.path, (stream) => this.accept(stream, sotwVariant));
    server.addBidi(deltaVariant.path, (stream) => this.accept(stream, deltaVariant));
  }

  /** Takes over one stream. */
  accept<Request extends AnyRequest>(stream: Stream, variant: Variant<Request>): void {
    if (this.#isClosing) return stream.end(GrpcStatus.UNAVAILABLE, 'the server is shutting down');
    if (!this.#hasRoomFor(stream)) return;
    this.#streams += 1;
    // Unlike any other stream's of any server run, so that a nonce from an earlier stream is never taken for one of this.
    const noncePrefix = `${this.#noncePrefix}.${this.#streams.toString(36)}`;
    this.#connections.add(new Connection(stream, variant, noncePrefix, this.#context));
  }

  #hasRoomFor(stream: Stream): boolean {
    const { limits, observer } = this.#context;
    const { peer } = stream;
    const refuse = (limit: LimitName, message: string): false => {
      observer.limited?.({ limit, message, address: peer.address });
      observer.refused?.({ peer, status: GrpcStatus.RESOURCE_EXHAUSTED, message });
      stream.end(GrpcStatus.RESOURCE_EXHAUSTED, message);
      return false;
    };
    if (this.#connections.size >= limits.maxStreams) return refuse('streams', `over the limit of ${limits.maxStreams} streams`);
    if (this.#byAddress.take(hostOf(peer.address))) return true;
    return refuse('streams_per_address', `over the limit of ${limits.maxStreamsPerAddress} streams of ${hostOf(peer.address)}`);
  }

  /** The connected proxies. */
  connections(): readonly ConnectionStatus[] {
    return [...this.#connections].flatMap((connection) => connection.status() ?? []);
  }

  /** Ends the streams of a proxy, by its name or its node's id, so that it connects anew. @returns how many those were */
  disconnect(proxy: string): number {
    const chosen = [...this.#connections].filter((connection) => {
      const status = connection.status();
      return status?.proxy === proxy || status?.node.id === proxy;
    });
    for (const connection of chosen) connection.end(GrpcStatus.UNAVAILABLE, 'an operator asked for it: connect again');
    return chosen.length;
  }

  /** How much is under way: streams, streams that wait for their turn, and bytes that wait in the transport. */
  load(): { readonly streams: number; readonly queued: number; readonly bufferedBytes: number } {
    const { queue, budget } = this.#context;
    return { streams: this.#connections.size, queued: queue.size, bufferedBytes: budget.used };
  }

  /** Ends all streams with UNAVAILABLE, so that clients go elsewhere, spread over `graceMs`. */
  async close(graceMs = 0): Promise<void> {
    this.#isClosing = true;
    this.#stopSweep?.();
    const connections = [...this.#connections];
    const batch = Math.max(1, Math.ceil(connections.length / 20));
    for (let at = 0; at < connections.length; at += batch) {
      for (const connection of connections.slice(at, at + batch)) connection.end(GrpcStatus.UNAVAILABLE, 'the server is shutting down');
      if (graceMs > 0 && at + batch < connections.length) await new Promise<void>((resolve) => void this.#context.clock.after(graceMs / 20, resolve));
    }
  }

  #sweep(): void {
    this.#stopSweep = this.#context.clock.after(1_000, () => {
      for (const connection of this.#connections) connection.sweep();
      if (!this.#isClosing) this.#sweep();
    });
  }
}
