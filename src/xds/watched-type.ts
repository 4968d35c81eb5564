/** One type on one stream: the subscription together with the provider's watches that feed it. */

import type { Answer, CarriedPush, ChangeRange, ChangeTracker } from './change-tracker.js';
import type { HeldBack } from './held-back.js';
import { sortedOf } from './name-lists.js';
import type { XdsVariant } from './observer.js';
import type { EncodedResource, ProxyHandle, ResourceSet, ResourceWatch } from './provider.js';
import { isNamedType, isRemovedLast } from './push-order.js';
import { RemovalHold } from './removal-hold.js';
import { emptySet, union } from './resource-set.js';
import type { Subscription } from './subscription.js';

/** State of one type of one connection. */
export class WatchedType<Request> {
  /** The view may have changed since it was read. */
  isStale = false;
  /** When it was first reported so; stays until a read. */
  staleSince = 0;
  /** Clusters whose load assignments have to follow them (endpoints only). */
  behind: EncodedResource[] = [];
  /** Removals that wait for the routes; undefined for types that may lose resources at any time. */
  readonly hold: RemovalHold | undefined;
  /** Groups whose resources are to follow, sent before or not (virtual hosts only). */
  groupsBehind = new Set<string>();
  /** When the view could not be read; undefined when it could. */
  failedAt: number | undefined;
  /** What of the view waits for clusters. */
  held: HeldBack | undefined;
  /** Counts the changes of the subscription's names. */
  revision = 0;
  /** The first change that it may owe something since it was last read; undefined when none. */
  #owes: number | undefined;
  /** Responses under way that carry changes, oldest first. */
  #carried: { readonly push: CarriedPush; readonly range: ChangeRange }[] = [];
  #followed = -1;
  #wildcard: ResourceWatch | undefined;
  #named: ResourceWatch | undefined;

  constructor(
    readonly subscription: Subscription<Request>,
    variant: XdsVariant,
    removalGraceMs: number,
    /** Undefined when this type must not be served on this stream. */
    private readonly handle: ProxyHandle | undefined,
    private readonly onStale: () => void,
    private readonly now: () => number,
    private readonly changes?: ChangeTracker,
  ) {
    const { typeUrl } = subscription;
    // SotW cannot remove a resource of a named type, so only a stand-in is held back there.
    if (isRemovedLast(typeUrl)) this.hold = new RemovalHold(removalGraceMs, variant === 'delta' || !isNamedType(typeUrl));
  }

  get typeUrl(): string {
    return this.subscription.typeUrl;
  }

  /** Opens the watches that the subscription's names ask for and closes those that it no longer needs. */
  resubscribe(): void {
    this.revision += 1;
    const { wildcard, names } = this.subscription;
    if (!wildcard) {
      this.#wildcard?.close();
      this.#wildcard = undefined;
    } else this.#wildcard ??= this.#open(undefined);
    const before = this.#named;
    this.#named = names.size === 0 ? undefined : this.#open(sortedOf(names));
    // Closed after the new one is open, so that shared computations keep a watcher.
    before?.close();
    this.markStale();
  }

  /** Watches the groups that another type is subscribed to, and not what this subscription says. */
  follow({ revision, subscription }: WatchedType<Request>): void {
    if (this.#followed === revision) return;
    this.#followed = revision;
    const before = [this.#named, this.#wildcard];
    this.#named = this.#open(sortedOf(subscription.names));
    this.#wildcard = undefined;
    for (const watch of before) watch?.close();
    this.markStale();
  }

  #open(names: readonly string[] | undefined): ResourceWatch | undefined {
    return this.handle?.watch(this.typeUrl, names, () => {
      this.#owes ??= this.changes?.staled();
      this.markStale();
      this.onStale();
    });
  }

  /** The view has to be read again. */
  markStale(): void {
    if (!this.isStale) this.staleSince = this.now();
    this.isStale = true;
  }

  /** The view of now: what the wildcard covers, and what is named beside it. */
  read(): ResourceSet {
    this.isStale = false;
    this.failedAt ??= this.now();
    const named = this.#named?.read();
    const all = this.#wildcard?.read();
    this.failedAt = undefined;
    return all === undefined ? (named ?? emptySet) : union(all, named ?? emptySet);
  }

  /** The view of now, which stays to be sent. */
  peek(): ResourceSet {
    try {
      return this.read();
    } finally {
      this.isStale = true;
    }
  }

  /** Some of the view was held back and stays to be sent, since when it has been. */
  keepBack(held: HeldBack | undefined, since: number): void {
    this.held = held;
    if (held === undefined) return;
    if (!this.isStale || since < this.staleSince) this.staleSince = since;
    this.isStale = true;
  }

  /** The changes that the view just read brings; undefined for none. Each must come to {@link carry}, {@link settle} or {@link owe}. */
  takeChanges(): ChangeRange | undefined {
    const range = this.#owes === undefined ? undefined : this.changes?.read(this.#owes);
    this.#owes = undefined;
    return range;
  }

  /** What was read goes out later after all. */
  owe(range: ChangeRange): void {
    this.#owes ??= this.changes?.unread(range);
  }

  /** The response with these changes is under way. */
  carry(range: ChangeRange, push: CarriedPush): void {
    this.changes?.sent(range, push, this.now());
    this.#carried.push({ push, range });
  }

  /** Nothing has to be sent for these changes. */
  settle(range: ChangeRange): void {
    this.changes?.settled(range, this.now());
  }

  /** The client has answered the response with this nonce, and so those before it. */
  answered(nonce: string, answer: Answer): void {
    if (this.#carried.length === 0) return;
    const number = numberOf(nonce);
    while (this.#carried[0] !== undefined && numberOf(this.#carried[0].push.nonce) <= number) {
      const { push, range } = this.#carried.shift()!;
      this.changes?.settled(range, this.now(), push, push.nonce === nonce ? answer : 'gone');
    }
  }

  close(): void {
    for (const { push, range } of this.#carried.splice(0)) this.changes?.settled(range, this.now(), push, 'gone');
    const owed = this.takeChanges();
    if (owed !== undefined) this.settle(owed);
    this.#wildcard?.close();
    this.#named?.close();
    this.#wildcard = this.#named = undefined;
  }
}

/** Nonces of a stream count up behind their last dot. */
const numberOf = (nonce: string): number => Number(nonce.slice(nonce.lastIndexOf('.') + 1));
