/** Who may have how many streams: each proxy, and each identity, which the replicas of a workload share. */
import type { LimitName } from './grpc-status.js';
import type { XdsLimits } from './limits.js';
import { Quota } from './quota.js';

/** The accepted streams of a server. */
export class StreamQuotas {
  readonly #byProxy: Quota;
  readonly #byIdentity: Quota;

  constructor(private readonly limits: XdsLimits) {
    this.#byProxy = new Quota(limits.maxStreamsPerProxy);
    this.#byIdentity = new Quota(limits.maxStreamsPerIdentity);
  }

  /** Takes a place for one more; the limit that forbids it. */
  take(proxy: string, identity: string | undefined): { readonly limit: LimitName; readonly message: string } | undefined {
    const { maxStreamsPerProxy, maxStreamsPerIdentity } = this.limits;
    if (!this.#byProxy.take(proxy)) return { limit: 'streams_per_proxy', message: `over the limit of ${maxStreamsPerProxy} streams of ${proxy}` };
    if (identity === undefined || this.#byIdentity.take(identity)) return undefined;
    this.#byProxy.give(proxy);
    return { limit: 'streams_per_identity', message: `over the limit of ${maxStreamsPerIdentity} streams of ${identity}` };
  }

  /** One that was taken is over. */
  give(proxy: string, identity: string | undefined): void {
    this.#byProxy.give(proxy);
    if (identity !== undefined) this.#byIdentity.give(identity);
  }
}
