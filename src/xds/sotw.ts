/**
 * The rules of the state-of-the-world variant (StreamAggregatedResources).
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#basic-protocol-overview
 * Types that are wildcard by nature (clusters, listeners) are always sent whole, because omission deletes. Of named types
 * (load assignments, routes, secrets) a response holds only what is new to the client.
 */
import type { DiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { entryOf, joinSmall } from './encoding.js';
import { setOf } from './name-lists.js';
import type { ResourceSet } from './provider.js';
import { isNamedType } from './push-order.js';
import { diff } from './resource-diff.js';
import { emptySet, versionOf } from './resource-set.js';
import type { Draft, DraftOptions, Reaction, Sent } from './subscription.js';
import { Subscription } from './subscription.js';

/** One type on one SotW stream. */
export class SotwSubscription extends Subscription<DiscoveryRequest> {
  /** All that is subscribed is owed, not just what is new. */
  #owesAll = false;
  #everNamed = false;
  #list: readonly string[] = [];

  override request(request: DiscoveryRequest, now: number): Reaction {
    const error = request.errorDetail?.message;
    if (!this.started || request.responseNonce === '') {
      this.reconnected = !this.started && request.versionInfo !== '';
      this.started = true;
      this.owed = true;
      this.#owesAll = true;
      return { verdict: 'first', namesChanged: this.#subscribe(request.resourceNames) };
    }
    const index = this.inFlight.findIndex((sent) => sent.nonce === request.responseNonce);
    if (request.responseNonce !== this.nonceSent) {
      // Too late to count, but a refusal still tells that the client lacks something.
      if (error !== undefined) this.settle(index, error, now);
      return { verdict: 'stale', namesChanged: false };
    }
    const response = this.settle(index, error, now);
    const namesChanged = this.#subscribe(request.resourceNames);
    return { verdict: verdictOf(response, error), namesChanged, ...(response === undefined ? {} : { response }) };
  }

  /** Takes over the names of a request, which are all that the client wants. */
  #subscribe(list: readonly string[]): boolean {
    // The very list again, as with every ACK.
    if (list === this.#list) return false;
    this.#list = list;
    if (list.length > 0) this.#everNamed = true;
    const wildcard = list.length === 0 ? !this.#everNamed && !isNamedType(this.typeUrl) : list.includes('*');
    const names = list.includes('*') ? new Set(list.filter((name) => name !== '*')) : setOf(list);
    let added = this.names.size === 0 && names.size > 0;
    if (added) this.askAll(names);
    else
      for (const name of names) {
        if (this.names.has(name)) continue;
        added = true;
        this.ask(name);
      }
    const changed = added || names.size !== this.names.size || wildcard !== this.wildcard;
    if (added || (wildcard && !this.wildcard)) this.owed = true;
    if (!changed) return false;
    for (const name of this.names) {
      if (names.has(name)) continue;
      this.forget(name);
      this.dirty.delete(name);
    }
    this.names = names;
    this.wildcard = wildcard;
    return true;
  }

  override draft(target: ResourceSet, options: DraftOptions = {}): Draft | undefined {
    const isWhole = this.#owesAll || !isNamedType(this.typeUrl);
    return isWhole ? this.#whole(target, options) : this.#partial(target, options);
  }

  #whole(target: ResourceSet, { held }: DraftOptions): Draft | undefined {
    const changes = diff(this.sent, target);
    // Envoy takes an empty answer for routes that do not exist.
    if (isNamedType(this.typeUrl) && diff(emptySet, target).isEmpty && this.holdsAnswer(held)) return undefined;
    this.clearAsked();
    if (changes.isEmpty && !this.owed) {
      this.sent = target;
      return undefined;
    }
    this.#owesAll = false;
    this.dirty.clear();
    const all = diff(emptySet, target);
    return {
      version: versionOf(target),
      becomes: target,
      bodies: all.bodies('sotw'),
      resources: all.changed.length,
      removed: [],
      changes,
      extra: [],
      isWhole: true,
    };
  }

  #partial(target: ResourceSet, options: DraftOptions): Draft | undefined {
    const changes = diff(this.sent, target);
    const { extra } = this.extras(target, changes, options);
    const resources = changes.changed.length + extra.length;
    if (resources === 0 && (!this.owed || this.holdsAnswer(options.held))) {
      this.sent = target;
      return undefined;
    }
    const shared = changes.bodies('sotw');
    const bodies = extra.length === 0 ? shared : [...shared, ...joinSmall(extra.flatMap((r) => entryOf('sotw', r)))];
    return { version: versionOf(target), becomes: target, bodies, resources, removed: [], changes, extra };
  }
}

function verdictOf(response: Sent | undefined, error: string | undefined): Reaction['verdict'] {
  // The newest nonce again, after it was answered: only the names can be new.
  if (response === undefined) return error === undefined ? 'change' : 'nack';
  return error === undefined ? 'ack' : 'nack';
}
