/**
 * One proxy's stream: has the proxy judged, takes its requests in, and keeps account of what waits to be sent. Requests only
 * mark; all sending happens on the connection's turn, so that the queue rules over fairness and back-pressure, and several
 * changes become one push. What is sent and when is the {@link Pusher}'s business.
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { AnyConnection, ConnectionContext } from './connection-context.js';
import type { ConnectionStatus } from './connection-status.js';
import { typeStatusOf } from './connection-status.js';
import type { LimitName } from './grpc-status.js';
import { GrpcStatus, Refusal } from './grpc-status.js';
import { namesMoreThan } from './name-lists.js';
import type { ProxyHandle } from './provider.js';
import { TypeUrl } from './push-order.js';
import { Pusher } from './pusher.js';
import { SendAccount } from './send-account.js';
import type { Reaction } from './subscription.js';
import { namesIn } from './subscription.js';
import type { Stream } from './transport/grpc-server.js';
import type { AnyRequest, Variant } from './variant.js';
import { WatchedType } from './watched-type.js';

/** A proxy that the provider accepted. */
interface Accepted<Request> {
  readonly node: Node;
  readonly handle: ProxyHandle;
  readonly pusher: Pusher<Request>;
}

/** Requests that may come while the provider is still judging the proxy, and their bytes. */
const MAX_BACKLOG = 256;
const MAX_BACKLOG_BYTES = 8 << 20;
/** Responses that a client may leave unanswered: one that only ever asks would have us keep them all. */
const MAX_UNANSWERED = 4_096;

/** Types are kept by their URLs. */
const MAX_TYPE_URL = 256;

/** What is kept of a node for as long as its stream: some hundred extensions for each of thousands of proxies are much, and there is no limit to them. */
const shortNode = (node: Node): Node => ({
  ...node,
  userAgentVersionType: undefined,
  extensions: [],
  clientFeatures: [],
  listeningAddresses: [],
  dynamicParameters: {},
});

/** One ADS stream. */
export class Connection<Request extends AnyRequest> implements AnyConnection {
  #accepted: Accepted<Request> | undefined;
  #backlog: Request[] = [];
  #backlogBytes = 0;
  #isClosed = false;
  #ending: { status: GrpcStatus; message: string } | undefined;
  /** The stream ends as soon as nothing is under way. */
  #isAged = false;
  readonly #account: SendAccount;
  readonly #connectedAt = new Date();
  readonly #openedAt: number;

  constructor(
    private readonly stream: Stream,
    private readonly variant: Variant<Request>,
    private readonly noncePrefix: string,
    private readonly context: ConnectionContext,
  ) {
    this.#openedAt = context.clock.now();
    this.#account = new SendAccount(stream, context.budget, context.limits, context.clock, (ms) => context.observer.written?.(ms));
    stream.onMessage((bytes) => this.#receive(bytes));
    stream.onRefusal(({ status, message, limit }) => this.end(status, message, limit));
    stream.onAge(() => this.#age());
    stream.onHalfClose(() => this.end(GrpcStatus.OK, ''));
    stream.onFlush((bytes) => {
      if (this.#account.flushed(bytes)) context.queue.add(this);
    });
    stream.onClose(() => this.#close());
  }

  /** Sends what is due. */
  turn(): void {
    if (this.#isClosed || !this.stream.writable) return;
    this.#accepted?.pusher.turn();
    if (this.#isAged) this.#endIfIdle();
  }

  /** A fault of ours in this stream's turn: told, and the client may come back to a fresh stream. */
  fail(error: unknown): void {
    this.context.observer.readFailed?.({ proxy: this.#accepted?.handle.id ?? '', typeUrl: '', error });
    this.end(GrpcStatus.INTERNAL, 'an internal error; see the log of the control plane');
  }

  /** Ends the stream with a status for the client. */
  end(status: GrpcStatus, message: string, limit?: LimitName): void {
    if (this.#ending !== undefined) return;
    this.#ending = { status, message };
    const proxy = this.#accepted?.handle.id;
    if (limit !== undefined)
      this.context.observer.limited?.({ limit, message, address: this.stream.peer.address, ...(proxy !== undefined && { proxy }) });
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
      types: pusher.types.map((type) => typeStatusOf(type.subscription, type.isStale, this.context.clock.now())),
    };
  }

  /** Regular check for clients that do not read or do not say who they are. */
  sweep(): void {
    if (this.#isClosed) return;
    const { firstRequestMs } = this.context.limits;
    if (this.#accepted === undefined && this.context.clock.now() - this.#openedAt >= firstRequestMs)
      return this.end(GrpcStatus.DEADLINE_EXCEEDED, `no request that names a node for ${firstRequestMs / 1000} s`, 'first_request');
    const overdue = this.#account.overdue();
    if (overdue !== undefined) this.end(GrpcStatus.DEADLINE_EXCEEDED, overdue.message, overdue.limit);
  }

  /** What is under way is finished first, so that the client need not be told again on its next stream. */
  #age(): void {
    this.#isAged = true;
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    const isIdle = this.#accepted?.pusher.isIdle ?? this.#backlog.length === 0;
    if (isIdle && this.stream.bufferedBytes === 0) this.end(GrpcStatus.OK, 'the connection has served its time: connect again');
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ending !== undefined) return;
    this.context.observer.received?.(bytes.length);
    const { maxNames } = this.context.limits;
    let request: Request;
    try {
      if (namesMoreThan(bytes, maxNames))
        return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${maxNames} names in one request`, 'names');
      request = this.variant.decode(bytes);
    } catch (error) {
      if (error instanceof Refusal) return this.end(error.status, error.message, error.limit);
      return this.end(GrpcStatus.INVALID_ARGUMENT, 'the request cannot be decoded');
    }
    if (this.#accepted !== undefined) return this.#request(request, this.#accepted);
    this.#backlogBytes += bytes.length;
    if (this.#backlog.push(request) > MAX_BACKLOG || this.#backlogBytes > MAX_BACKLOG_BYTES) {
      const message = `over the limit of ${MAX_BACKLOG} requests or ${MAX_BACKLOG_BYTES} bytes before the first is answered`;
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, message, 'backlog');
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
      if (!this.#admit(handle)) return handle.close();
      const accepted = { node: shortNode(node), handle, pusher: this.#pusherFor(handle) };
      this.#accepted = accepted;
      observer.connected?.({ proxy: handle.id, node, peer: this.stream.peer, variant: this.variant.name });
      for (const request of this.#backlog) if (this.#ending === undefined) this.#request(request, accepted);
      this.#backlog = [];
    } catch (error) {
      if (error instanceof Refusal) this.end(error.status, error.message);
      else this.end(GrpcStatus.INTERNAL, 'internal error');
    }
  }

  /** Takes a place among the streams of the proxy and of its identity. */
  #admit({ id, identity }: ProxyHandle): boolean {
    const over = this.context.quotas.take(id, identity);
    if (over !== undefined) this.end(GrpcStatus.RESOURCE_EXHAUSTED, over.message, over.limit);
    return over === undefined;
  }

  #pusherFor(handle: ProxyHandle): Pusher<Request> {
    const { context, noncePrefix } = this;
    const account = this.#account;
    const { controlPlane, limits, observer, clock } = context;
    return new Pusher(
      { variant: this.variant.name, handle, noncePrefix, controlPlane, limits, observer, clock },
      {
        get hasRoom() {
          return account.hasRoom;
        },
        send: (chunks) => account.send(chunks),
        again: () => context.queue.add(this),
      },
    );
  }

  #request(request: Request, { handle, pusher }: Accepted<Request>): void {
    const { limits, observer, clock, queue } = this.context;
    const { typeUrl } = request;
    if (typeUrl === '') return this.end(GrpcStatus.INVALID_ARGUMENT, 'a request on an aggregated stream needs a type_url');
    if (typeUrl.length > MAX_TYPE_URL) return this.end(GrpcStatus.INVALID_ARGUMENT, `a type_url of more than ${MAX_TYPE_URL} characters`);
    if (this.context.provider.eventTypes?.has(typeUrl)) {
      const { errorDetail } = request;
      return handle.event?.({ typeUrl, ...(errorDetail && { error: { code: errorDetail.code, message: errorDetail.message } }) });
    }
    let type = pusher.get(typeUrl);
    if (type === undefined) {
      if (pusher.types.length >= limits.maxTypes) {
        return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${limits.maxTypes} types on one stream`, 'types');
      }
      type = this.#watch(typeUrl, handle);
      pusher.add(type);
    }
    const { subscription } = type;
    const reaction = subscription.request(request, clock.now());
    if (reaction.namesChanged && pusher.names > limits.maxNames) {
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${limits.maxNames} names on one stream`, 'names');
    }
    if (subscription.inFlight.length > MAX_UNANSWERED) {
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${MAX_UNANSWERED} responses that were not answered`, 'unanswered');
    }
    this.#report(reaction, request, handle.id);
    if (reaction.response !== undefined) type.answered(reaction.response.nonce, reaction.verdict === 'nack' ? 'refused' : 'accepted');
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
      context.changes,
    );
  }

  #report({ verdict, response }: Reaction, request: Request, proxy: string): void {
    const { observer, clock } = this.context;
    const { typeUrl } = request;
    if (response === undefined) return;
    const { nonce, version, draft } = response;
    if (verdict === 'ack') observer.acked?.({ proxy, typeUrl, nonce, ms: clock.now() - response.at });
    if (verdict === 'nack')
      observer.nacked?.({
        proxy,
        typeUrl,
        code: request.errorDetail?.code ?? 0,
        message: request.errorDetail?.message ?? '',
        nonce,
        version,
        resources: [...namesIn(draft)],
      });
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.context.queue.delete(this);
    this.#account.close();
    this.context.onClose(this, this.stream.peer);
    if (this.#accepted === undefined) return;
    const { node, handle, pusher } = this.#accepted;
    this.context.quotas.give(handle.id, handle.identity);
    pusher.close();
    handle.close();
    this.context.observer.disconnected?.({ proxy: handle.id, node, ms: this.context.clock.now() - this.#openedAt, ...this.#ending });
  }
}
