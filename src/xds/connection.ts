/**
 * One proxy's stream: takes its requests in, and on its turn sends what is due. Requests only mark; all sending happens in
 * {@link Connection.turn}, so that the queue rules over fairness and back-pressure, and several changes become one push.
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Clock } from './clock.js';
import { gateClosedSince } from './cluster-gate.js';
import type { ConnectionStatus } from './connection-status.js';
import { typeStatusOf } from './connection-status.js';
import { encodeHeader } from './encoding.js';
import { GrpcStatus, Refusal } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { ProxyHandle, ResourceProvider } from './provider.js';
import { pushRank, refersToClusters, TypeUrl } from './push-order.js';
import type { ByteBudget, Pushable, PushQueue } from './push-queue.js';
import { diff } from './resource-diff.js';
import { emptySet, versionOf } from './resource-set.js';
import type { Draft, Reaction } from './subscription.js';
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
  /** Identifier sent with each response; empty for none. */
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

/** Requests that may come while the provider is still judging the proxy. */
const MAX_BACKLOG = 256;
/** A stream that takes nothing for so long no longer counts against the bytes in flight: it must not starve the others. */
const STUCK_MS = 1_000;

/** One ADS stream. */
export class Connection<Request extends AnyRequest> implements AnyConnection {
  readonly #types = new Map<string, WatchedType<Request>>();
  #ordered: WatchedType<Request>[] = [];
  #node: Node | undefined;
  #handle: ProxyHandle | undefined;
  #backlog: Request[] = [];
  #nonces = 0;
  #isClosed = false;
  #ending: { status: GrpcStatus; message: string } | undefined;
  #cancelWake: (() => void) | undefined;
  #wakeAt: number | undefined;
  #charged = 0;
  #progressAt: number;
  #expiredGate: number | undefined;
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

  /** Ends the stream with a status for the client. */
  end(status: GrpcStatus, message: string): void {
    this.#ending ??= { status, message };
    if (this.#handle === undefined && status !== GrpcStatus.OK) this.context.observer.refused?.({ peer: this.stream.peer, status, message });
    this.stream.end(status, message);
  }

  /** The state for debugging; undefined before the proxy was accepted. */
  status(): ConnectionStatus | undefined {
    if (this.#handle === undefined || this.#node === undefined) return undefined;
    return {
      proxy: this.#handle.id,
      variant: this.variant.name,
      node: this.#node,
      peer: this.stream.peer,
      connectedAt: this.#connectedAt,
      bufferedBytes: this.stream.bufferedBytes,
      types: this.#ordered.map((type) => typeStatusOf(type.subscription, type.isStale)),
    };
  }

  /** Regular check for clients that do not read. */
  sweep(): void {
    if (this.stream.bufferedBytes === 0 || this.#isClosed) return;
    const stuck = this.context.clock.now() - this.#progressAt;
    if (stuck >= STUCK_MS) this.#uncharge(this.#charged);
    const { writeDeadlineMs } = this.context.limits;
    if (stuck >= writeDeadlineMs) this.end(GrpcStatus.DEADLINE_EXCEEDED, `nothing was read for ${Math.round(writeDeadlineMs / 1000)} s`);
  }

  #receive(bytes: Uint8Array): void {
    let request: Request;
    try {
      request = this.variant.decode(bytes);
    } catch {
      return this.end(GrpcStatus.INVALID_ARGUMENT, 'the request cannot be decoded');
    }
    if (this.#handle !== undefined) return this.#request(request, this.#handle);
    if (this.#backlog.push(request) > MAX_BACKLOG) return this.end(GrpcStatus.RESOURCE_EXHAUSTED, 'too many requests before the first was answered');
    if (this.#backlog.length > 1) return;
    const { node } = request;
    if (node === undefined || node.id === '') return this.end(GrpcStatus.INVALID_ARGUMENT, 'the first request of a stream needs a node with an id');
    void this.#connect(node);
  }

  async #connect(node: Node): Promise<void> {
    const { provider, observer } = this.context;
    try {
      const handle = await provider.connect(node, this.stream.peer);
      if (this.#isClosed || !this.stream.writable) return handle.close();
      this.#handle = handle;
      this.#node = node;
      observer.connected?.({ proxy: handle.id, node, peer: this.stream.peer, variant: this.variant.name });
      const backlog = this.#backlog;
      this.#backlog = [];
      for (const request of backlog) if (this.stream.writable) this.#request(request, handle);
    } catch (error) {
      if (error instanceof Refusal) this.end(error.status, error.message);
      else this.end(GrpcStatus.INTERNAL, 'internal error');
    }
  }

  #request(request: Request, handle: ProxyHandle): void {
    const { limits, observer, clock } = this.context;
    const { typeUrl } = request;
    if (typeUrl === '') return this.end(GrpcStatus.INVALID_ARGUMENT, 'a request on an aggregated stream needs a type_url');
    let type = this.#types.get(typeUrl);
    if (type === undefined) {
      if (this.#types.size >= limits.maxTypes)
        return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${limits.maxTypes} types on one stream`);
      type = this.#addType(typeUrl, handle);
    }
    const reaction = type.subscription.request(request, clock.now());
    if (type.subscription.names.size > limits.maxNames) {
      return this.end(GrpcStatus.RESOURCE_EXHAUSTED, `over the limit of ${limits.maxNames} names in one subscription`);
    }
    this.#report(reaction, request, handle.id);
    if (reaction.verdict === 'stale') observer.staleNonce?.({ proxy: handle.id, typeUrl, nonce: request.responseNonce });
    if (type.subscription.owed && !type.isStale) type.staleSince = clock.now();
    if (reaction.namesChanged) type.resubscribe();
    this.context.queue.add(this);
  }

  #addType(typeUrl: string, handle: ProxyHandle): WatchedType<Request> {
    const { context, stream } = this;
    // Second line of defence: who may have which secret is the provider's decision, but over plaintext nobody may have any.
    const isForbidden = typeUrl === TypeUrl.secret && stream.peer.plaintext;
    if (isForbidden) context.observer.secretRefused?.({ proxy: handle.id, typeUrl, peer: stream.peer });
    const type = new WatchedType(
      this.variant.subscribe(typeUrl),
      this.variant.name,
      context.limits.removalGraceMs,
      isForbidden ? undefined : handle,
      () => context.queue.add(this),
      () => context.clock.now(),
    );
    this.#types.set(typeUrl, type);
    this.#ordered = [...this.#types.values()].sort((a, b) => pushRank(a.typeUrl) - pushRank(b.typeUrl));
    return type;
  }

  #report({ verdict, response }: Reaction, request: Request, proxy: string): void {
    const { observer, clock } = this.context;
    const { typeUrl } = request;
    if (response === undefined) return;
    if (verdict === 'ack') observer.acked?.({ proxy, typeUrl, nonce: response.nonce, ms: clock.now() - response.at });
    if (verdict === 'nack') {
      const { nonce, version } = response;
      observer.nacked?.({ proxy, typeUrl, message: request.errorDetail?.message ?? '', nonce, version, resources: [...namesIn(response.draft)] });
    }
  }

  /** Sends what is due, in push order. */
  turn(): void {
    const handle = this.#handle;
    if (handle === undefined || this.#isClosed || !this.stream.writable) return;
    this.#clearWake();
    const now = this.context.clock.now();
    for (const type of this.#ordered) {
      if (this.stream.bufferedBytes > this.context.limits.maxBufferedBytes) return; // a flush brings the next turn
      if (this.#mayPush(type, now, handle.id)) this.#push(type, handle, now);
    }
    this.#tendRemovals(now);
  }

  #mayPush(type: WatchedType<Request>, now: number, proxy: string): boolean {
    const { subscription } = type;
    const { limits, observer } = this.context;
    const isForced = subscription.owed || type.behind.length > 0;
    if (!type.isStale && !isForced) return false;
    if (refersToClusters(type.typeUrl)) {
      const since = gateClosedSince(this.#types.get(TypeUrl.cluster));
      const isFreeAnswer = subscription.owed && !(subscription.reconnected && subscription.nonceSent === '');
      if (since !== undefined && !isFreeAnswer) {
        if (now - since < limits.clusterGateMs) {
          this.#wake(since + limits.clusterGateMs);
          return false;
        }
        if (this.#expiredGate !== since) observer.gateExpired?.({ proxy, typeUrl: type.typeUrl, ms: now - since });
        this.#expiredGate = since;
      }
    }
    const oldest = subscription.inFlight[0];
    if (isForced || oldest === undefined) return true;
    if (now - oldest.at >= limits.ackLimitMs) return true;
    this.#wake(oldest.at + limits.ackLimitMs);
    return false;
  }

  #push(type: WatchedType<Request>, handle: ProxyHandle, now: number): void {
    const { subscription } = type;
    const since = type.staleSince;
    const isFirst = subscription.nonceSent === '';
    // An answer to a question goes out at once, but must not carry other changes past the gate.
    const answersOnly = !isFirst && refersToClusters(type.typeUrl) && subscription.owed && this.#isGateClosed(now);
    let draft: Draft | undefined;
    try {
      const view = type.read();
      const target = type.hold === undefined ? view : type.hold.aim(subscription.sent, view, (name) => subscription.wants(name), now);
      draft = subscription.draft(target, { behind: type.behind, answersOnly });
    } catch (error) {
      this.context.observer.readFailed?.({ proxy: handle.id, typeUrl: type.typeUrl, error });
      return;
    }
    type.behind = [];
    if (answersOnly) type.markStale();
    if (draft === undefined) return;
    this.#transmit(type, draft, handle, now, now - since);
    if (type.typeUrl === TypeUrl.cluster && (!isFirst || subscription.reconnected)) this.#followWithEndpoints(draft, handle, now);
  }

  #isGateClosed(now: number): boolean {
    const since = gateClosedSince(this.#types.get(TypeUrl.cluster));
    return since !== undefined && now - since < this.context.limits.clusterGateMs;
  }

  /**
   * Envoy warms a changed cluster until its load assignment comes, and asks for it only when the cluster is new. So the
   * assignments of changed clusters follow at once: those subscribed with the endpoint type's own turn, which is next,
   * those of new clusters (delta) unasked; the subscription that comes later is answered as well.
   */
  #followWithEndpoints(draft: Draft, handle: ProxyHandle, now: number): void {
    const endpoints = this.#types.get(TypeUrl.endpoint);
    if (endpoints === undefined) return;
    const changed = [...draft.changes.changed, ...draft.extra];
    endpoints.behind = changed.filter((cluster) => endpoints.subscription.wants(cluster.name));
    if (this.variant.name !== 'delta') return;
    const { updated } = draft.changes;
    const fresh = draft.changes.changed.map((cluster) => cluster.name).filter((name) => !updated.has(name) && !endpoints.subscription.wants(name));
    if (fresh.length === 0) return;
    try {
      const watch = handle.watch(TypeUrl.endpoint, fresh.sort(), () => undefined);
      const set = watch.read();
      watch.close();
      const all = diff(emptySet, set);
      if (all.changed.length === 0) return;
      const { changed: extra } = all;
      const becomes = endpoints.subscription.sent;
      const unasked: Draft = {
        version: versionOf(set),
        becomes,
        bodies: all.bodies('delta'),
        resources: extra.length,
        removed: [],
        changes: diff(emptySet, emptySet),
        extra,
      };
      const { owed } = endpoints.subscription;
      this.#transmit(endpoints, unasked, handle, now, 0);
      endpoints.subscription.owed = owed;
    } catch (error) {
      this.context.observer.readFailed?.({ proxy: handle.id, typeUrl: TypeUrl.endpoint, error });
    }
  }

  #transmit(type: WatchedType<Request>, draft: Draft, handle: ProxyHandle, now: number, ms: number): void {
    const { context, stream } = this;
    this.#nonces += 1;
    const nonce = `${this.noncePrefix}.${this.#nonces}`;
    const { version, removed, resources } = draft;
    const { typeUrl } = type;
    const header = encodeHeader(this.variant.name, { version, typeUrl, nonce, controlPlane: context.controlPlane, removed });
    if (stream.bufferedBytes === 0) this.#progressAt = now;
    const before = stream.bufferedBytes;
    stream.send([header, ...draft.bodies]);
    type.subscription.commit(draft, nonce, now);
    let bytes = header.length;
    for (const body of draft.bodies) bytes += body.length;
    const charge = Math.max(0, stream.bufferedBytes - before);
    this.#charged += charge;
    context.budget.take(charge);
    context.observer.pushed?.({ proxy: handle.id, typeUrl, bytes, resources, removed: removed.length, ms, nonce, version });
  }

  /** Starts the grace of held removals once the routes are settled, and lets them go when it is over. */
  #tendRemovals(now: number): void {
    for (const type of this.#ordered) {
      const { hold } = type;
      if (hold === undefined || !hold.isActive) continue;
      if (this.#routesAreSettled(now)) hold.settle(now);
      const next = hold.nextAt();
      if (next === undefined) continue;
      if (next > now) this.#wake(next);
      else if (!type.isStale) {
        type.markStale();
        this.context.queue.add(this);
      }
    }
  }

  #routesAreSettled(now: number): boolean {
    const clusters = this.#types.get(TypeUrl.cluster)?.subscription;
    if (clusters !== undefined && clusters.inFlight.length > 0) return false;
    return this.#ordered.every((type) => {
      if (!refersToClusters(type.typeUrl)) return true;
      const { inFlight, owed, nack } = type.subscription;
      if (type.isStale || owed || inFlight.length > 0) return false;
      if (nack === undefined) return true;
      // Refused: the proxy still routes by what it had, so its clusters must stay, though not for ever.
      const until = nack.at + this.context.limits.refusedRoutesMs;
      if (until > now) this.#wake(until);
      return until <= now;
    });
  }

  #wake(at: number): void {
    if (this.#wakeAt !== undefined && this.#wakeAt <= at) return;
    this.#clearWake();
    this.#wakeAt = at;
    this.#cancelWake = this.context.clock.after(Math.max(0, at - this.context.clock.now()), () => {
      this.#wakeAt = undefined;
      this.context.queue.add(this);
    });
  }

  #clearWake(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAt = undefined;
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
    this.#clearWake();
    this.context.queue.delete(this);
    this.#uncharge(this.#charged);
    for (const type of this.#ordered) type.close();
    this.context.onClose(this);
    const handle = this.#handle;
    if (handle === undefined) return;
    handle.close();
    this.context.observer.disconnected?.({ proxy: handle.id, ms: this.context.clock.now() - this.#openedAt, ...this.#ending });
  }
}
