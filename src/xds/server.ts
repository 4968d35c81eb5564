/**
 * The xDS server: registers the two ADS methods on a gRPC transport and keeps the connections.
 * It serves whatever a {@link ResourceProvider} gives it and knows nothing of the mesh.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import type { AnyConnection, ConnectionContext } from './connection.js';
import { Connection } from './connection.js';
import type { ConnectionStatus } from './connection-status.js';
import { GrpcStatus } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import { defaultXdsLimits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { ResourceProvider } from './provider.js';
import { ByteBudget, PushQueue } from './push-queue.js';
import type { GrpcServer, Stream } from './transport/grpc-server.js';
import type { AnyRequest, Variant } from './variant.js';
import { deltaVariant, sotwVariant } from './variant.js';

/** What an {@link XdsServer} is made of. */
export interface XdsServerOptions {
  readonly provider: ResourceProvider;
  readonly observer?: XdsObserver;
  readonly limits?: Partial<XdsLimits>;
  /** Sent as control_plane.identifier with the first response of each stream. @default none */
  readonly controlPlane?: string;
  /** For tests. */
  readonly clock?: Clock;
}

/** Serves ADS, state of the world and incremental, on any number of transports. */
export class XdsServer {
  readonly #connections = new Set<AnyConnection>();
  readonly #context: ConnectionContext;
  readonly #noncePrefix = randomBytes(4).toString('base64url');
  #streams = 0;
  #stopSweep: (() => void) | undefined;
  #isClosing = false;

  constructor(options: XdsServerOptions) {
    const limits = { ...defaultXdsLimits, ...options.limits };
    const clock = options.clock ?? systemClock;
    const budget = new ByteBudget(limits.maxBytesInFlight);
    this.#context = {
      provider: options.provider,
      observer: options.observer ?? {},
      limits,
      clock,
      budget,
      queue: new PushQueue(clock, budget, limits.sliceMs),
      controlPlane: options.controlPlane ?? '',
      onClose: (connection) => this.#connections.delete(connection),
    };
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
    this.#streams += 1;
    // Unlike any other stream's of any server run, so that a nonce from an earlier stream is never taken for one of this.
    const noncePrefix = `${this.#noncePrefix}.${this.#streams.toString(36)}`;
    this.#connections.add(new Connection(stream, variant, noncePrefix, this.#context));
  }

  /** The connected proxies. */
  connections(): readonly ConnectionStatus[] {
    return [...this.#connections].flatMap((connection) => connection.status() ?? []);
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
