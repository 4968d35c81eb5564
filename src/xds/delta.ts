/**
 * The rules of the incremental variant (DeltaAggregatedResources).
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
 */
import type { DeltaDiscoveryRequest } from '@envoyproxy/xds-protos/envoy/service/discovery/v3/discovery.js';
import { entryOf, joinSmall } from './encoding.js';
import { setOf } from './name-lists.js';
import type { ResourceSet } from './provider.js';
import { isNamedType, isNeverRemoved } from './push-order.js';
import { diff } from './resource-diff.js';
import { versionOf } from './resource-set.js';
import type { Draft, DraftOptions, Reaction, Sent, Verdict } from './subscription.js';
import { Subscription } from './subscription.js';

/** One type on one delta stream. */
export class DeltaSubscription extends Subscription<DeltaDiscoveryRequest> {
  /** The names once they are this client's alone. */
  #own: Set<string> | undefined;

  override request(request: DeltaDiscoveryRequest, now: number): Reaction {
    const isFirst = !this.started;
    const initial = isFirst ? request.initialResourceVersions : {};
    if (isFirst) this.#start(request);
    const { verdict, response } = isFirst ? { verdict: 'first' as const, response: undefined } : this.#answer(request, now);

    let namesChanged = isFirst;
    const list = request.resourceNamesSubscribe;
    if (this.names.size === 0 && list.length > 0 && !list.includes('*')) {
      this.names = setOf(list);
      namesChanged = true;
    }
    const isWhole = list.length > 0 && this.names === setOf(list) && Object.keys(initial).length === 0;
    if (isWhole) {
      this.askAll(this.names);
      this.owed = true;
    }
    for (const name of isWhole ? [] : list) {
      if (name === '*') {
        namesChanged ||= !this.wildcard;
        this.wildcard = true;
      } else {
        if (!this.names.has(name)) {
          namesChanged = true;
          this.#ownNames().add(name);
        }
        // Whoever asks again wants it again; on reconnect the versions that came along say what is there already.
        if (!Object.hasOwn(initial, name)) this.ask(name);
      }
      this.owed = true;
    }
    for (const name of request.resourceNamesUnsubscribe) namesChanged = this.#unsubscribe(name) || namesChanged;
    return { verdict, namesChanged, ...(response === undefined ? {} : { response }) };
  }

  #start(request: DeltaDiscoveryRequest): void {
    this.started = true;
    this.owed = true;
    if (request.resourceNamesSubscribe.length === 0 && !isNamedType(this.typeUrl)) this.wildcard = true;
    const versions = Object.entries(request.initialResourceVersions);
    if (versions.length === 0) return;
    this.reconnected = true;
    this.sent = { chunks: [versions.map(([name, version]) => ({ name, version, body: new Uint8Array(0) }))] };
  }

  #answer(request: DeltaDiscoveryRequest, now: number): { verdict: Verdict; response?: Sent } {
    if (request.responseNonce === '') return { verdict: 'change' };
    const index = this.inFlight.findIndex((sent) => sent.nonce === request.responseNonce);
    const response = this.settle(index, request.errorDetail?.message, now);
    if (response === undefined) return { verdict: 'stale' };
    return { verdict: request.errorDetail === undefined ? 'ack' : 'nack', response };
  }

  #unsubscribe(name: string): boolean {
    if (name === '*') {
      const had = this.wildcard;
      this.wildcard = false;
      return had;
    }
    this.forget(name);
    this.dirty.delete(name);
    const had = this.names.has(name) && this.#ownNames().delete(name);
    if (had && this.wildcard) {
      // The client has forgotten the resource; if the wildcard covers it, it needs it anew, else to be told that it is gone.
      this.ask(name);
      this.owed = true;
    }
    return had;
  }

  #ownNames(): Set<string> {
    if (this.#own === undefined || this.#own !== this.names) this.names = this.#own = new Set(this.names);
    return this.#own;
  }

  override draft(target: ResourceSet, options: DraftOptions = {}): Draft | undefined {
    const changes = diff(this.sent, target);
    const { extra, missing } = this.extras(target, changes, options);
    const gone = isNeverRemoved(this.typeUrl) ? [] : changes.removed.filter((r) => this.wants(r.name)).map((r) => r.name);
    const removed = [...gone, ...missing];
    const resources = changes.changed.length + extra.length;
    if (resources + removed.length === 0 && (!this.owed || this.holdsAnswer(options.held))) {
      this.sent = target;
      return undefined;
    }
    const shared = changes.bodies('delta');
    const bodies = extra.length === 0 ? shared : [...shared, ...joinSmall(extra.flatMap((r) => entryOf('delta', r)))];
    return { version: versionOf(target), becomes: target, bodies, resources, removed, changes, extra };
  }
}
