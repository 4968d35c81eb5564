/** What one client may ask of the transport. Every limit ends in a clear status, never in a silent drop. */
export interface TransportLimits {
  /** Longest request message in bytes (RESOURCE_EXHAUSTED). @default 4 MiB */
  readonly maxMessageBytes: number;
  /** Size of a call's headers, as HTTP/2 counts it: 32 bytes more for each (RESOURCE_EXHAUSTED). @default 16 KiB */
  readonly maxHeaderBytes: number;
  /** Calls at a time on one connection (refused by HTTP/2 itself). @default 100 */
  readonly maxStreamsPerSession: number;
  /** Connections at a time (closed). @default 20000 */
  readonly maxSessions: number;
  /** Connections at a time from one address (closed). @default 5000 */
  readonly maxSessionsPerAddress: number;
  /** Memory of one connection, what waits to be sent included, above which it gets no new call, in MiB. @default 64 */
  readonly maxSessionMiB: number;
  /** New calls a second on one connection, after the burst is used up (GOAWAY, ENHANCE_YOUR_CALM). @default 20 */
  readonly callsPerSecond: number;
  /** New calls that may come at once. @default 200 */
  readonly callBurst: number;
  /** Calls that a client may reset at once, and a tenth of them a second in the long run (GOAWAY, by HTTP/2 itself). @default 100 */
  readonly resetBurst: number;
  /** Request messages a second on one call, after the burst is used up (RESOURCE_EXHAUSTED). @default 500 */
  readonly requestsPerSecond: number;
  /** Request messages that may come at once. @default 2000 */
  readonly requestBurst: number;
  /** A connection that opens no call within this time is closed, as is one that has had none for it. @default 60 s */
  readonly idleMs: number;
  /** Time between keepalive pings. @default 30 s */
  readonly keepaliveMs: number;
  /** A ping must be answered within this time, and a TLS handshake done. @default 10 s */
  readonly keepaliveTimeoutMs: number;
  /** Age, give or take a tenth, at which a connection is to be left: GOAWAY, so that clients spread over replicas and prove anew who they are. @default never */
  readonly maxAgeMs: number | undefined;
  /** Time for its calls to end; then they are cut. @default 10 s */
  readonly ageGraceMs: number;
}

/** The defaults named above. */
export const defaultTransportLimits: TransportLimits = {
  maxMessageBytes: 4 << 20,
  maxHeaderBytes: 16 << 10,
  maxStreamsPerSession: 100,
  maxSessions: 20_000,
  maxSessionsPerAddress: 5_000,
  maxSessionMiB: 64,
  callsPerSecond: 20,
  callBurst: 200,
  resetBurst: 100,
  requestsPerSecond: 500,
  requestBurst: 2_000,
  idleMs: 60_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxAgeMs: undefined,
  ageGraceMs: 10_000,
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
