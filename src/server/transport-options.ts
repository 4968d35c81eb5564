/** The options of `serve` that concern connections, as the transport takes them, and who may say anything on them at all. */
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import type { XdsObserver } from '../xds/observer.js';
import type { Http2GrpcServerOptions } from '../xds/transport/http2-server.js';
import { identityOf } from './credentials.js';
import type { ServeOptions } from './options.js';

/** Requests that may come at once, as seconds of the rate. */
const BURST_S = 4;

/** `authenticators` are those of a TLS listener: of a peer that proves nothing no byte is read. */
export function transportOptions(
  options: Pick<ServeOptions, 'maxRequestsPerSecond' | 'maxStreamsPerAddress' | 'maxStreams' | 'maxConnectionAge' | 'keepaliveInterval'>,
  observer: XdsObserver,
  authenticators: readonly Authenticator[] | undefined,
): Http2GrpcServerOptions {
  const { maxRequestsPerSecond, maxStreams, maxStreamsPerAddress, maxConnectionAge, keepaliveInterval } = options;
  return {
    limits: {
      requestsPerSecond: maxRequestsPerSecond,
      requestBurst: BURST_S * maxRequestsPerSecond,
      maxSessions: maxStreams,
      maxSessionsPerAddress: maxStreamsPerAddress,
      maxAgeMs: maxConnectionAge,
      keepaliveMs: keepaliveInterval,
    },
    onLimit: (event) => observer.limited?.(event),
    ...(authenticators !== undefined && {
      authenticate: (peer) => identityOf(peer, authenticators),
      onRefused: (peer, { status, message }) => observer.refused?.({ peer, status, message }),
    }),
  };
}
