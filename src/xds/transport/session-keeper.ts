/**
 * Watches over one HTTP/2 connection: pings it, counts its calls, closes it when it is dead, has carried no call for long or has grown old
 * (https://github.com/grpc/proposal/blob/master/A9-server-side-conn-mgt.md).
 */
import type { ServerHttp2Session } from 'node:http2';
import type { TransportLimits } from './limits.js';
import { TokenBucket } from './limits.js';
import type { PeerTls } from './peer.js';

/** A call, as far as its connection cares. */
export interface Call {
  /** It should end soon. */
  age(): void;
}

/** The timers and facts of one session. */
export class SessionKeeper {
  /** Remote address and port: read at once, because a closed socket forgets it. */
  readonly address: string;
  /** Calls that were let in. */
  readonly #calls = new Set<Call>();
  #open = 0;
  readonly #rate: TokenBucket;
  #isAged = false;
  #idle: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout;
  #pong: NodeJS.Timeout | undefined;
  #age: NodeJS.Timeout | undefined;
  #tls: { readonly value: PeerTls | undefined } | undefined;

  constructor(
    private readonly session: ServerHttp2Session,
    private readonly limits: TransportLimits,
  ) {
    this.address = addressOf(session.socket);
    this.#rate = new TokenBucket(limits.callsPerSecond, limits.callBurst, performance.now());
    this.#ping = setInterval(() => this.#probe(), limits.keepaliveMs);
    this.#ping.unref();
    this.#rest();
    const { maxAgeMs } = limits;
    // A tenth more or less, so that clients which came together after a restart do not leave together for ever.
    if (maxAgeMs !== undefined) this.#age = setTimeout(() => this.#retire(), maxAgeMs * (0.9 + 0.2 * Math.random())).unref();
  }

  /** What TLS says of the client, read once per connection. */
  tls(read: () => PeerTls | undefined): PeerTls | undefined {
    this.#tls ??= { value: read() };
    return this.#tls.value;
  }

  /** A call began; false when there are too many in too short a time. */
  opened(): boolean {
    this.#open += 1;
    clearTimeout(this.#idle);
    return this.#rate.take(performance.now());
  }

  /** The call that began has become this. */
  add(call: Call): void {
    this.#calls.add(call);
    if (this.#isAged) call.age();
  }

  /** It is one no more. */
  remove(call: Call): void {
    this.#calls.delete(call);
  }

  /** A call ended. */
  closed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#rest();
  }

  /** The session is gone. */
  stop(): void {
    clearInterval(this.#ping);
    clearTimeout(this.#idle);
    clearTimeout(this.#pong);
    clearTimeout(this.#age);
  }

  #rest(): void {
    if (this.session.closed || this.session.destroyed) return;
    this.#idle = setTimeout(() => this.session.close(), this.limits.idleMs);
    this.#idle.unref();
  }

  /** No new call; those that are open end when they can, and what is left after the grace is cut. */
  #retire(): void {
    if (this.session.closed || this.session.destroyed) return;
    this.#isAged = true;
    this.session.close();
    for (const call of this.#calls) call.age();
    this.#age = setTimeout(() => this.session.destroy(), this.limits.ageGraceMs).unref();
  }

  #probe(): void {
    if (this.session.closed || this.session.destroyed || this.#pong !== undefined) return;
    this.#pong = setTimeout(() => this.session.destroy(), this.limits.keepaliveTimeoutMs);
    this.#pong.unref();
    this.session.ping(() => {
      clearTimeout(this.#pong);
      this.#pong = undefined;
    });
  }
}

/** `HOST:PORT` of a socket's other end, IPv6 in brackets. */
export function addressOf({ remoteAddress, remotePort }: { readonly remoteAddress?: string; readonly remotePort?: number }): string {
  return `${remoteAddress?.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}
