/**
 * What one stream is to be sent, and when. On each turn the types go in push order: a type goes when it is stale or owed an
 * answer, has no unanswered push, and the gates of make before break let it. Everything it needs of the connection is
 * {@link PushTarget}, so tests drive it with a fake clock and no network.
 */
import type { Clock } from './clock.js';
import { gateClosedSince } from './cluster-gate.js';
import { encodeHeader } from './encoding.js';
import { byGroup, resourcesOf } from './groups.js';
import type { XdsLimits } from './limits.js';
import type { XdsObserver, XdsVariant } from './observer.js';
import type { ProxyHandle } from './provider.js';
import { pushRank, refersToClusters, TypeUrl } from './push-order.js';
import { diff } from './resource-diff.js';
import { emptySet, versionOf } from './resource-set.js';
import type { Draft } from './subscription.js';
import type { WatchedType } from './watched-type.js';

/** The stream as the pusher sees it. */
export interface PushTarget {
  /** False while too much waits unsent: the turn is over, and a flush will bring the next. */
  readonly hasRoom: boolean;
  send(chunks: readonly Uint8Array[]): void;
  /** Asks for another turn, now or at a time. */
  again(): void;
}

/** What a pusher is made of. */
export interface PusherOptions {
  readonly variant: XdsVariant;
  readonly handle: ProxyHandle;
  readonly noncePrefix: string;
  readonly controlPlane: string;
  readonly limits: XdsLimits;
  readonly observer: XdsObserver;
  readonly clock: Clock;
}

/** Decides and sends for one stream. */
export class Pusher<Request> {
  readonly #types = new Map<string, WatchedType<Request>>();
  #ordered: readonly WatchedType<Request>[] = [];
  #nonces = 0;
  #cancelWake: (() => void) | undefined;
  #wakeAt: number | undefined;
  #reportedGate: number | undefined;

  constructor(
    private readonly options: PusherOptions,
    private readonly target: PushTarget,
  ) {}

  /** The types of the stream, in push order. */
  get types(): readonly WatchedType<Request>[] {
    return this.#ordered;
  }

  get(typeUrl: string): WatchedType<Request> | undefined {
    return this.#types.get(typeUrl);
  }

  add(type: WatchedType<Request>): void {
    this.#types.set(type.typeUrl, type);
    this.#ordered = [...this.#types.values()].sort((a, b) => pushRank(a.typeUrl) - pushRank(b.typeUrl));
  }

  /** Sends what is due. */
  turn(): void {
    this.#clearWake();
    const now = this.options.clock.now();
    const { hosts, routes } = this.#grouped();
    if (routes !== undefined) hosts?.follow(routes);
    for (const type of this.#ordered) {
      if (!this.target.hasRoom) return;
      if (this.#mayPush(type, now)) this.#push(type, now);
    }
    this.#tendRemovals(now);
  }

  close(): void {
    this.#clearWake();
    for (const type of this.#ordered) type.close();
  }

  #mayPush(type: WatchedType<Request>, now: number): boolean {
    const { subscription } = type;
    const isForced = subscription.owed || type.behind.length > 0 || type.groupsBehind.size > 0;
    if (!type.isStale && !isForced) return false;
    if (type === this.#grouped().hosts && !this.#routesAreSent()) return false;
    // Whoever asks is answered at once, except a client that reconnects: it asks for everything at the same time.
    const isFree = subscription.owed && !(subscription.reconnected && subscription.nonceSent === '');
    if (!isFree && refersToClusters(type.typeUrl) && this.#isGateClosed(type.typeUrl, now)) return false;
    const oldest = subscription.inFlight[0];
    if (isForced || oldest === undefined) return true;
    const limit = oldest.at + this.options.limits.ackLimitMs;
    if (now < limit) this.#wake(limit);
    return now >= limit;
  }

  #isGateClosed(typeUrl: string, now: number): boolean {
    const since = gateClosedSince(this.#types.get(TypeUrl.cluster));
    if (since === undefined) return false;
    const { limits, observer, handle } = this.options;
    const limit = since + limits.clusterGateMs;
    if (now < limit) {
      this.#wake(limit);
      return true;
    }
    if (this.#reportedGate !== since) observer.gateExpired?.({ proxy: handle.id, typeUrl, ms: now - since });
    this.#reportedGate = since;
    return false;
  }

  #push(type: WatchedType<Request>, now: number): void {
    const { subscription, hold } = type;
    const since = type.staleSince;
    const isFirst = subscription.nonceSent === '';
    // An answer goes out at once, but must not carry other changes past the gate.
    const answersOnly = !isFirst && refersToClusters(type.typeUrl) && subscription.owed && this.#isGateClosed(type.typeUrl, now);
    const draft = this.#guardRead(type.typeUrl, () => {
      const view = type.read();
      const aim = hold === undefined ? view : hold.aim(subscription.sent, view, (name) => subscription.wants(name), now);
      return subscription.draft(aim, { behind: [...type.behind, ...resourcesOf(type.groupsBehind, aim)], answersOnly });
    });
    type.behind = [];
    type.groupsBehind.clear();
    if (answersOnly) type.markStale();
    if (draft === undefined) return;
    const { hosts } = this.#grouped();
    for (const part of type === hosts ? byGroup(draft) : [draft]) this.#transmit(type, part, now, now - since);
    if (type.typeUrl === TypeUrl.route) for (const { name } of [...draft.changes.changed, ...draft.extra]) hosts?.groupsBehind.add(name);
    if (type.typeUrl === TypeUrl.cluster && (!isFirst || subscription.reconnected)) this.#followWithEndpoints(draft, now);
  }

  /** Virtual hosts that come on their own (delta only), and the route configurations that they belong to. */
  #grouped(): { hosts?: WatchedType<Request>; routes?: WatchedType<Request> } {
    if (this.options.variant !== 'delta') return {};
    const hosts = this.#types.get(TypeUrl.virtualHost);
    const routes = this.#types.get(TypeUrl.route);
    return { ...(hosts && { hosts }), ...(routes && { routes }) };
  }

  /** Hosts are lost when they come before their route configuration; and without its names they would all seem to be gone. */
  #routesAreSent(): boolean {
    const { routes } = this.#grouped();
    return routes !== undefined && !routes.isStale && !routes.subscription.owed && routes.subscription.nonceSent !== '';
  }

  /**
   * Envoy warms a changed cluster until its load assignment comes, and asks for it only when the cluster is new. So the
   * assignments of changed clusters follow at once: those subscribed with the endpoint type's own turn, which is next,
   * those of new clusters (delta) unasked; the subscription that comes later is answered as well.
   */
  #followWithEndpoints(draft: Draft, now: number): void {
    const endpoints = this.#types.get(TypeUrl.endpoint);
    if (endpoints === undefined) return;
    const { subscription } = endpoints;
    endpoints.behind = [...draft.changes.changed, ...draft.extra].filter((cluster) => subscription.wants(cluster.name));
    if (this.options.variant !== 'delta') return;
    const { changed, updated } = draft.changes;
    const fresh = changed.map((cluster) => cluster.name).filter((name) => !updated.has(name) && !subscription.wants(name));
    if (fresh.length === 0) return;
    const set = this.#guardRead(TypeUrl.endpoint, () => {
      const watch = this.options.handle.watch(TypeUrl.endpoint, fresh.sort(), () => undefined);
      try {
        return watch.read();
      } finally {
        watch.close();
      }
    });
    const all = diff(emptySet, set ?? emptySet);
    if (set === undefined || all.changed.length === 0) return;
    const { owed, sent } = subscription;
    const bodies = all.bodies('delta');
    const nothing = diff(emptySet, emptySet);
    // The client has not subscribed, so this changes nothing of what it is taken to have.
    this.#transmit(
      endpoints,
      { version: versionOf(set), becomes: sent, bodies, resources: all.changed.length, removed: [], changes: nothing, extra: all.changed },
      now,
      0,
    );
    subscription.owed = owed;
  }

  #guardRead<T>(typeUrl: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const { observer, handle } = this.options;
      observer.readFailed?.({ proxy: handle.id, typeUrl, error });
      return undefined;
    }
  }

  #transmit(type: WatchedType<Request>, draft: Draft, now: number, ms: number): void {
    const { variant, controlPlane, handle, observer, noncePrefix } = this.options;
    this.#nonces += 1;
    const nonce = `${noncePrefix}.${this.#nonces}`;
    const { version, removed, resources } = draft;
    const { typeUrl } = type;
    // Who serves is the same for the whole stream; Envoy keeps what the first response said.
    const header = encodeHeader(variant, { version, typeUrl, nonce, controlPlane: this.#nonces === 1 ? controlPlane : '', removed });
    this.target.send([header, ...draft.bodies]);
    type.subscription.commit(draft, nonce, now);
    let bytes = header.length;
    for (const body of draft.bodies) bytes += body.length;
    observer.pushed?.({ proxy: handle.id, typeUrl, bytes, resources, removed: removed.length, ms, nonce, version });
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
        this.target.again();
      }
    }
  }

  #routesAreSettled(now: number): boolean {
    if ((this.#types.get(TypeUrl.cluster)?.subscription.inFlight.length ?? 0) > 0) return false;
    return this.#ordered.every((type) => {
      if (!refersToClusters(type.typeUrl)) return true;
      const { inFlight, owed, nack } = type.subscription;
      if (type.isStale || owed || inFlight.length > 0) return false;
      if (nack === undefined) return true;
      // Refused: the proxy still routes by what it had, so its clusters must stay, though not for ever.
      const until = nack.at + this.options.limits.refusedRoutesMs;
      if (until > now) this.#wake(until);
      return until <= now;
    });
  }

  #wake(at: number): void {
    if (this.#wakeAt !== undefined && this.#wakeAt <= at) return;
    this.#clearWake();
    this.#wakeAt = at;
    const { clock } = this.options;
    this.#cancelWake = clock.after(Math.max(0, at - clock.now()), () => {
      this.#wakeAt = undefined;
      this.target.again();
    });
  }

  #clearWake(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAt = undefined;
  }
}
