/** One type on one stream: the subscription together with the provider's watches that feed it. */

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
  /** Counts the changes of the subscription's names. */
  revision = 0;
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
    const named = this.#named?.read();
    const all = this.#wildcard?.read();
    return all === undefined ? (named ?? emptySet) : union(all, named ?? emptySet);
  }

  close(): void {
    this.#wildcard?.close();
    this.#named?.close();
    this.#wildcard = this.#named = undefined;
  }
}
