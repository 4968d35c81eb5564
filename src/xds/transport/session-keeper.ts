/**
 * Watches over one HTTP/2 connection: pings it, and closes it when it is dead or has carried no call for long.
 */
import type { ServerHttp2Session } from 'node:http2';
import type { TransportLimits } from './limits.js';
import type { PeerTls } from './peer.js';

/** The timers and facts of one session. */
export class SessionKeeper {
  /** Remote address and port: read at once, because a closed socket forgets it. */
  readonly address: string;
  #streams = 0;
  #idle: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout;
  #pong: NodeJS.Timeout | undefined;
  #tls: { readonly value: PeerTls | undefined } | undefined;

  constructor(
    private readonly session: ServerHttp2Session,
    private readonly limits: TransportLimits,
  ) {
    const { remoteAddress, remotePort } = session.socket;
    this.address = `${remoteAddress?.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
    this.#ping = setInterval(() => this.#probe(), limits.keepaliveMs);
    this.#ping.unref();
    this.#rest();
  }

  /** What TLS says of the client, read once per connection. */
  tls(read: () => PeerTls | undefined): PeerTls | undefined {
    this.#tls ??= { value: read() };
    return this.#tls.value;
  }

  /** A call began. */
  opened(): void {
    this.#streams += 1;
    clearTimeout(this.#idle);
  }

  /** A call ended. */
  closed(): void {
    this.#streams -= 1;
    if (this.#streams === 0) this.#rest();
  }

  /** The session is gone. */
  stop(): void {
    clearInterval(this.#ping);
    clearTimeout(this.#idle);
    clearTimeout(this.#pong);
  }

  #rest(): void {
    if (this.session.closed || this.session.destroyed) return;
    this.#idle = setTimeout(() => this.session.close(), this.limits.idleMs);
    this.#idle.unref();
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
