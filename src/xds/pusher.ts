/**
 * What one stream is to be sent, and when. On each turn the types go in push order: a type goes when it is stale or owed an
 * answer, has no unanswered push, and the gates of make before break let it; what follows clusters takes a turn of its own. Everything it needs of the connection is
 * {@link PushTarget}, so tests drive it with a fake clock and no network.
 */
import type { CarriedPush } from './change-tracker.js';
import type { Clock } from './clock.js';
import type { ClusterGate } from './cluster-gate.js';
import { gateOf } from './cluster-gate.js';
import { encodeHeader } from './encoding.js';
import { byGroup, resourcesOf } from './groups.js';
import { type Passing, passing } from './held-back.js';
import type { XdsLimits } from './limits.js';
import type { XdsObserver, XdsVariant } from './observer.js';
import type { ProxyHandle, ResourceSet } from './provider.js';
import { pushRank, refersToClusters, TypeUrl } from './push-order.js';
import { diff } from './resource-diff.js';
import { emptySet, indexOf, versionOf } from './resource-set.js';
import type { Draft } from './subscription.js';
import { Wake } from './wake.js';
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
  /** Virtual hosts that come on their own (delta only), and the route configurations that they belong to. */
  #hosts: WatchedType<Request> | undefined;
  #routes: WatchedType<Request> | undefined;
  #nonces = 0;
  readonly #wake: Wake;
  #reportedGate: number | undefined;

  constructor(
    private readonly options: PusherOptions,
    private readonly target: PushTarget,
  ) {
    this.#wake = new Wake(options.clock, () => target.again());
  }

  /** The types of the stream, in push order. */
  get types(): readonly WatchedType<Request>[] {
    return this.#ordered;
  }

  /** Names that the stream is subscribed to. */
  get names(): number {
    let names = 0;
    for (const { subscription } of this.#ordered) names += subscription.names.size;
    return names;
  }

  /** True when everything was sent and answered. */
  get isIdle(): boolean {
    return this.#ordered.every(({ isStale, subscription }) => !isStale && !subscription.owed && subscription.inFlight.length === 0);
  }

  get(typeUrl: string): WatchedType<Request> | undefined {
    return this.#types.get(typeUrl);
  }

  add(type: WatchedType<Request>): void {
    this.#types.set(type.typeUrl, type);
    this.#ordered = [...this.#types.values()].sort((a, b) => pushRank(a.typeUrl) - pushRank(b.typeUrl));
    if (this.options.variant !== 'delta') return;
    this.#hosts = this.#types.get(TypeUrl.virtualHost);
    this.#routes = this.#types.get(TypeUrl.route);
  }

  /** Sends what is due. */
  turn(): void {
    this.#wake.clear();
    const now = this.options.clock.now();
    if (this.#routes !== undefined) this.#hosts?.follow(this.#routes);
    const before = this.#nonces;
    let hasSentClusters = false;
    for (const type of this.#ordered) {
      if (!this.target.hasRoom) return;
      if (!this.#mayPush(type, now)) continue;
      const isRouting = refersToClusters(type.typeUrl);
      // Clusters and endpoints are soon made, routes are not: everybody's clusters go before anybody's routes are made.
      if (isRouting && hasSentClusters) return this.target.again();
      this.#push(type, now);
      if (!isRouting) hasSentClusters = this.#nonces > before;
    }
    this.#tendRemovals(now);
  }

  close(): void {
    this.#wake.clear();
    for (const type of this.#ordered) type.close();
  }

  #mayPush(type: WatchedType<Request>, now: number): boolean {
    const { subscription } = type;
    const isForced = subscription.owed || type.behind.length > 0 || type.groupsBehind.size > 0;
    if (!type.isStale && !isForced) return false;
    if (type === this.#hosts && !this.#routesAreSent()) return false;
    // A client that reconnects asks for everything at once and has old routes: they stay whole until all clusters are there.
    if (isReturning(type) && refersToClusters(type.typeUrl) && this.#hasToWait(type, now)) return false;
    const oldest = subscription.inFlight[0];
    if (isForced || oldest === undefined) return true;
    const limit = oldest.at + this.options.limits.ackLimitMs;
    if (now < limit) this.#wake.by(limit);
    return now >= limit;
  }

  #hasToWait(type: WatchedType<Request>, now: number): boolean {
    const since = this.#gate(now).since;
    if (since === undefined) {
      this.#tellExpired(type, now);
      return false;
    }
    type.held = { names: new Set(), since };
    this.#wake.by(since + this.options.limits.clusterGateMs);
    return true;
  }

  #gate(now: number): ClusterGate {
    return gateOf(this.#types.get(TypeUrl.cluster), now, this.options.limits.clusterGateMs, (clusters) =>
      this.#guardRead(clusters.typeUrl, () => diff(clusters.subscription.sent, clusters.peek())),
    );
  }

  /** Tells when what was held back goes because its time is over. */
  #tellExpired({ held, typeUrl }: WatchedType<Request>, now: number): void {
    const { limits, observer, handle } = this.options;
    if (held === undefined || now - held.since < limits.clusterGateMs || this.#reportedGate === held.since) return;
    this.#reportedGate = held.since;
    observer.gateExpired?.({ proxy: handle.id, typeUrl, ms: now - held.since });
  }

  /** What of a view goes now. A client that has nothing yet gets all that it asks for. */
  #passing(type: WatchedType<Request>, target: ResourceSet, now: number): Passing {
    const { subscription } = type;
    if (!refersToClusters(type.typeUrl) || subscription.nonceSent === '') return { target, held: undefined };
    const routes = this.#routes;
    if (type !== this.#hosts) return passing(subscription.sent, target, this.#gate(now));
    const has = indexOf(routes?.subscription.sent ?? emptySet);
    const missing = (group: string) => (has.has(group) ? undefined : routes?.held?.since);
    return passing(subscription.sent, target, this.#gate(now), { missing });
  }

  #push(type: WatchedType<Request>, now: number): void {
    const { subscription, hold } = type;
    const since = type.staleSince;
    const isFirst = subscription.nonceSent === '';
    this.#tellExpired(type, now);
    type.held = undefined;
    const readAt = this.options.clock.now();
    const draft = this.#guardRead(type.typeUrl, () => {
      const view = type.read();
      const aim = hold === undefined ? view : hold.aim(subscription.sent, view, (name) => subscription.wants(name), now);
      const { target, held } = this.#passing(type, aim, now);
      type.keepBack(held, since);
      if (held !== undefined) this.#wake.by(held.since + this.options.limits.clusterGateMs);
      const behind = [...type.behind, ...resourcesOf(type.groupsBehind, target)];
      return subscription.draft(target, { behind, ...(held && { held: held.names }) });
    });
    const madeAt = this.options.clock.now();
    type.behind = [];
    type.groupsBehind.clear();
    const changes = type.takeChanges();
    const isWhole = type.held === undefined;
    if (changes !== undefined) {
      // What was held back may belong to any of them.
      if (!isWhole) type.owe(changes);
      else if (draft === undefined) type.settle(changes);
    }
    if (draft === undefined) return;
    const hosts = this.#hosts;
    const parts = type === hosts ? byGroup(draft) : [draft];
    let last: Omit<CarriedPush, 'readAt' | 'madeAt'> | undefined;
    for (const part of parts) last = this.#transmit(type, part, now, now - since);
    if (changes !== undefined && last !== undefined && isWhole) type.carry(changes, { ...last, readAt, madeAt });
    if (type.typeUrl === TypeUrl.route) for (const { name } of [...draft.changes.changed, ...draft.extra]) hosts?.groupsBehind.add(name);
    if (type.typeUrl === TypeUrl.cluster && (!isFirst || subscription.reconnected)) this.#followWithEndpoints(draft, now);
  }

  /** Hosts are lost when they come before their route configuration; and without its names they would all seem to be gone. */
  #routesAreSent(): boolean {
    const routes = this.#routes;
    if (routes === undefined || routes.subscription.nonceSent === '') return false;
    return routes.held !== undefined || (!routes.isStale && !routes.subscription.owed);
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

  #transmit(type: WatchedType<Request>, draft: Draft, now: number, ms: number): Omit<CarriedPush, 'readAt' | 'madeAt'> {
    const { variant, controlPlane, handle, observer, noncePrefix } = this.options;
    this.#nonces += 1;
    const nonce = `${noncePrefix}.${this.#nonces}`;
    const { version, removed, resources } = draft;
    const { typeUrl } = type;
    // Who serves is the same for the whole stream: it is said once for each type, for clients that look at one only.
    const isFirst = type.subscription.nonceSent === '';
    const header = encodeHeader(variant, { version, typeUrl, nonce, controlPlane: isFirst ? controlPlane : '', removed });
    this.target.send([header, ...draft.bodies]);
    type.subscription.commit(draft, nonce, now);
    let bytes = header.length;
    for (const body of draft.bodies) bytes += body.length;
    const push = { proxy: handle.id, typeUrl, bytes, resources, removed: removed.length, ms, nonce, version };
    observer.pushed?.(push);
    return push;
  }

  /** Starts the grace of held removals once the routes are settled, and lets them go when it is over. */
  #tendRemovals(now: number): void {
    for (const type of this.#ordered) {
      const { hold } = type;
      if (hold === undefined || !hold.isActive) continue;
      if (this.#routesAreSettled(now)) hold.settle(now);
      const next = hold.nextAt();
      if (next === undefined) continue;
      if (next > now) this.#wake.by(next);
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
      if (until > now) this.#wake.by(until);
      return until <= now;
    });
  }
}

/** The first answer on this stream to a client that had resources before. */
const isReturning = <Request>({ subscription }: WatchedType<Request>): boolean => subscription.reconnected && subscription.nonceSent === '';
