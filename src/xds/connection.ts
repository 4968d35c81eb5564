/**
 * One proxy's stream: has the proxy judged, takes its requests in, and keeps account of what waits to be sent. Requests only
 * mark; all sending happens on the connection's turn, so that the queue rules over fairness and back-pressure, and several
 * changes become one push. What is sent and when is the {@link Pusher}'s business.
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Clock } from './clock.js';
import type { ConnectionStatus } from './connection-status.js';
import { typeStatusOf } from './connection-status.js';
import { GrpcStatus, Refusal } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { ProxyHandle, ResourceProvider } from './provider.js';
import { TypeUrl } from './push-order.js';
import type { ByteBudget, Pushable, PushQueue } from './push-queue.js';
import { Pusher } from './pusher.js';
import type { Reaction } from './subscription.js';
import { namesIn } from './subscription.js';
import type { Stream } from './transport/grpc-server.js';
import type { AnyRequest, Variant } from './variant.js';
import { WatchedType } from './watched-type.js';

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly provider: ResourceProvider;
  readonly observer: XdsObserver;
  readonly limits: XdsLimits;
  readonly clock: Clock;
  readonly queue: PushQueue;
  readonly budget: ByteBudget;
  /** Identifier sent with the first response of a stream; empty for none. */
  readonly controlPlane: string;
  /** Called once when the stream is over. */
  onClose(connection: AnyConnection): void;
}

/** A connection whatever its variant. */
export interface AnyConnection extends Pushable {
  status(): ConnectionStatus | undefined;
  sweep(): void;
  end(status: GrpcStatus, message: string): void;
}

/** A proxy that the provider accepted. */
interface Accepted<Request> {
  readonly node: Node;
  readonly handle: ProxyHandle;
  readonly pusher: Pusher<Request>;
}

/** Requests that may come while the provider is still judging the proxy. */
const MAX_BACKLOG = 256;
/** A stream that takes nothing for so long no longer counts against the bytes in flight: it must not starve the others. */
const STUCK_MS = 1_000;
/** Nor does one that is never done for so long: a few that read byte by byte would starve the others just as well. */
const BUSY_MS = 10_000;
/** Responses that a client may leave unanswered: one that only ever asks would have us keep them all. */
const MAX_UNANSWERED = 4_096;

/** One ADS stream. */
export class Connection<Request extends AnyRequest> implements AnyConnection {
  #accepted: Accepted<Request> | undefined;
  #backlog: Request[] = [];
  #isClosed = false;
  #ending: { status: GrpcStatus; message: string } | undefined;
  #charged = 0;
  #progressAt: number;
  /** Since when there were always bytes to send. */
  #busySince = 0;
  readonly #connectedAt = new Date();
  readonly #openedAt: number;

  constructor(
    private readonly stream: Stream,
    private readonly variant: Variant<Request>,
    private readonly noncePrefix: string,
    private readonly context: ConnectionContext,
  ) {
    this.#openedAt = this.#progressAt = context.clock.now();
    stream.onMessage((bytes) => this.#receive(bytes));
    stream.onHalfClose(() => this.end(GrpcStatus.OK, ''));
    stream.onFlush((bytes) => this.#flushed(bytes));
    stream.onClose(() => this.#close());
  }

  /** Sends what is due. */
  turn(): void {
    if (!this.#isClosed && this.stream.writable) this.#accepted?.pusher.turn();
  }

  /** Ends the stream with a status for the client. */
  /** A fault of ours in this stream's turn: told, and the client may come back to a fresh stream. */
  fail(error: unknown): void {
    this.context.observer.readFailed?.({ proxy: this.#accepted?.handle.id ?? '', typeUrl: '', error });
    this.end(GrpcStatus.INTERNAL, 'an internal error; see the log of the control plane');
  }

  end(status: GrpcStatus, message: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { status, message };
    if (this.#accepted === undefined && status !== GrpcStatus.OK) this.context.observer.refused?.({ peer: this.stream.peer, status, message });
    this.stream.end(status, message);
  }

  /** The state for debugging; undefined before the proxy was accepted. */
  status(): ConnectionStatus | undefined {
    if (this.#accepted === undefined) return undefined;
    const { node, handle, pusher } = this.#accepted;
    return {
      proxy: handle.id,
      variant: this.variant.name,
      node,
      peer: this.stream.peer,
      connectedAt: this.#connectedAt,
      bufferedBytes: this.stream.bufferedBytes,
      types: pusher.types.map((type) => typeStatusOf(type.subscription, type.isStale)),
    };
  }

  /** Regular check for clients that do not read. */
  sweep(): void {
    if (this.stream.bufferedBytes === 0 || this.#isClosed) return;
    const stuck = this.context.clock.now() - this.#progressAt;
    if (stuck >= STUCK_MS || this.context.clock.now() - this.#busySince >= BUSY_MS) this.#uncharge(this.#charged);
    const { writeDeadlineMs } = this.context.limits;
    if (stuck >= writeDeadlineMs) this.end(GrpcStatus.DEADLINE_EXCEEDED, `nothing was read for ${writeDeadlineMs / 1000} s`);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ending !== undefined) return;
    let request: Request;
    try {
      request = this.variant.decode(bytes);
    } catch {
      return this.end(GrpcStatus.INVALID_ARGUMENT, 'the request cannot be decoded');
    }
    if (this.#accepted !== undefined) return this.#request(request, this.#accepted);
    if (this.#backlog.push(request) > MAX_BACKLOG) {
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${MAX_BACKLOG} requests before the first is answered`);
    }
    if (this.#backlog.length > 1) return;
    const { node } = request;
    if (node === undefined || node.id === '') return this.end(GrpcStatus.INVALID_ARGUMENT, 'the first request of a stream needs a node with an id');
    void this.#connect(node);
  }

  async #connect(node: Node): Promise<void> {
    const { provider, observer } = this.context;
    try {
      const handle = await provider.connect(node, this.stream.peer, this.variant.name);
      if (this.#isClosed || this.#ending !== undefined) return handle.close();
      const accepted = { node, handle, pusher: this.#pusherFor(handle) };
      this.#accepted = accepted;
      observer.connected?.({ proxy: handle.id, node, peer: this.stream.peer, variant: this.variant.name });
      for (const request of this.#backlog) if (this.#ending === undefined) this.#request(request, accepted);
      this.#backlog = [];
    } catch (error) {
      if (error instanceof Refusal) this.end(error.status, error.message);
      else this.end(GrpcStatus.INTERNAL, 'internal error');
    }
  }

  #pusherFor(handle: ProxyHandle): Pusher<Request> {
    const { context, stream, noncePrefix } = this;
    const { controlPlane, limits, observer, clock } = context;
    return new Pusher(
      { variant: this.variant.name, handle, noncePrefix, controlPlane, limits, observer, clock },
      {
        get hasRoom() {
          return stream.bufferedBytes <= limits.maxBufferedBytes;
        },
        send: (chunks) => this.#send(chunks),
        again: () => context.queue.add(this),
      },
    );
  }

  #request(request: Request, { handle, pusher }: Accepted<Request>): void {
    const { limits, observer, clock, queue } = this.context;
    const { typeUrl } = request;
    if (typeUrl === '') return this.end(GrpcStatus.INVALID_ARGUMENT, 'a request on an aggregated stream needs a type_url');
    if (this.context.provider.eventTypes?.has(typeUrl)) {
      const { errorDetail } = request;
      return handle.event?.({ typeUrl, ...(errorDetail && { error: { code: errorDetail.code, message: errorDetail.message } }) });
    }
    let type = pusher.get(typeUrl);
    if (type === undefined) {
      if (pusher.types.length >= limits.maxTypes) {
        return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${limits.maxTypes} types on one stream`);
      }
      type = this.#watch(typeUrl, handle);
      pusher.add(type);
    }
    const { subscription } = type;
    const reaction = subscription.request(request, clock.now());
    if (subscription.names.size > limits.maxNames) {
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${limits.maxNames} names in one subscription`);
    }
    if (subscription.inFlight.length > MAX_UNANSWERED) {
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${MAX_UNANSWERED} responses that were not answered`);
    }
    this.#report(reaction, request, handle.id);
    if (reaction.verdict === 'stale') observer.staleNonce?.({ proxy: handle.id, typeUrl, nonce: request.responseNonce });
    if (subscription.owed && !type.isStale) type.staleSince = clock.now();
    if (reaction.namesChanged) type.resubscribe();
    queue.add(this);
  }

  #watch(typeUrl: string, handle: ProxyHandle): WatchedType<Request> {
    const { context, stream } = this;
    // Second line of defence: who may have which secret is the provider's decision, but over plaintext nobody may have any.
    const isForbidden = typeUrl === TypeUrl.secret && stream.peer.plaintext;
    if (isForbidden) context.observer.secretRefused?.({ proxy: handle.id, typeUrl, peer: stream.peer });
    return new WatchedType(
      this.variant.subscribe(typeUrl),
      this.variant.name,
      context.limits.removalGraceMs,
      isForbidden ? undefined : handle,
      () => context.queue.add(this),
      () => context.clock.now(),
    );
  }

  #report({ verdict, response }: Reaction, request: Request, proxy: string): void {
    const { observer, clock } = this.context;
    const { typeUrl } = request;
    if (response === undefined) return;
    const { nonce, version, draft } = response;
    if (verdict === 'ack') observer.acked?.({ proxy, typeUrl, nonce, ms: clock.now() - response.at });
    if (verdict === 'nack')
      observer.nacked?.({ proxy, typeUrl, message: request.errorDetail?.message ?? '', nonce, version, resources: [...namesIn(draft)] });
  }

  #send(chunks: readonly Uint8Array[]): void {
    const before = this.stream.bufferedBytes;
    if (before === 0) this.#progressAt = this.#busySince = this.context.clock.now();
    this.stream.send(chunks);
    const charge = Math.max(0, this.stream.bufferedBytes - before);
    this.#charged += charge;
    this.context.budget.take(charge);
  }

  #flushed(bytes: number): void {
    this.#progressAt = this.context.clock.now();
    this.#uncharge(Math.min(bytes, this.#charged));
    const { maxBufferedBytes } = this.context.limits;
    const left = this.stream.bufferedBytes;
    if (left <= maxBufferedBytes && left + bytes > maxBufferedBytes) this.context.queue.add(this);
  }

  #uncharge(bytes: number): void {
    this.#charged -= bytes;
    if (bytes > 0) this.context.budget.give(bytes);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.context.queue.delete(this);
    this.#uncharge(this.#charged);
    this.context.onClose(this);
    if (this.#accepted === undefined) return;
    const { handle, pusher } = this.#accepted;
    pusher.close();
    handle.close();
    this.context.observer.disconnected?.({ proxy: handle.id, ms: this.context.clock.now() - this.#openedAt, ...this.#ending });
  }
}
