/** What one client may ask of the transport. Every limit ends in a clear status, never in a silent drop. */
export interface TransportLimits {
  /** Longest request message in bytes (RESOURCE_EXHAUSTED). @default 4 MiB */
  readonly maxMessageBytes: number;
  /** Calls at a time on one connection (refused by HTTP/2 itself). @default 100 */
  readonly maxStreamsPerSession: number;
  /** Connections at a time (GOAWAY, ENHANCE_YOUR_CALM). @default 20000 */
  readonly maxSessions: number;
  /** Request messages a second on one call, after the burst is used up (RESOURCE_EXHAUSTED). @default 500 */
  readonly requestsPerSecond: number;
  /** Request messages that may come at once. @default 2000 */
  readonly requestBurst: number;
  /** A connection that opens no call within this time is closed, as is one that has had none for it. @default 60 s */
  readonly idleMs: number;
  /** Time between keepalive pings. @default 30 s */
  readonly keepaliveMs: number;
  /** A ping must be answered within this time. @default 20 s */
  readonly keepaliveTimeoutMs: number;
}

/** The defaults named above. */
export const defaultTransportLimits: TransportLimits = {
  maxMessageBytes: 4 << 20,
  maxStreamsPerSession: 100,
  maxSessions: 20_000,
  requestsPerSecond: 500,
  requestBurst: 2_000,
  idleMs: 60_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 20_000,
};

/** Allows `burst` at once and `perSecond` in the long run. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one token; false when there is none. `now` is in milliseconds. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
