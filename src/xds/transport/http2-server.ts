/**
 * {@link GrpcServer} on `node:http2`: listens, keeps sessions within limits and alive, and turns each request into a call.
 * Client certificates are asked for and never judged here: `PeerInfo.tls` tells the handler what TLS thinks of them.
 */
import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, createSecureServer, createServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { LimitName } from '../grpc-status.js';
import { GrpcStatus, Refusal } from '../grpc-status.js';
import { hostOf, Quota } from '../quota.js';
import type { BidiHandler, GrpcServer, ListenOptions, UnaryHandler } from './grpc-server.js';
import { Http2Stream, headerBytesOf, metadataOf, refuse } from './http2-stream.js';
import type { TransportLimits } from './limits.js';
import { defaultTransportLimits } from './limits.js';
import type { PeerInfo } from './peer.js';
import { peerTlsOf } from './peer-tls.js';
import { addressOf, SessionKeeper } from './session-keeper.js';

/** What a server may be given beside its limits. */
export interface Http2GrpcServerOptions {
  readonly limits?: Partial<TransportLimits>;
  /** Judges a caller before its call reaches a handler; throws a {@link Refusal} to turn it away. */
  readonly authenticate?: (peer: PeerInfo, path: string) => unknown;
  /** Told of callers that were turned away so. */
  readonly onRefused?: (peer: PeerInfo, refusal: Refusal) => void;
  /** Told of peers that passed a limit of the transport and lost their connection, or were not let in. */
  readonly onLimit?: (event: { readonly limit: LimitName; readonly address: string; readonly message: string }) => void;
}

/** A gRPC server without a gRPC library. */
export class Http2GrpcServer implements GrpcServer {
  readonly #limits: TransportLimits;
  readonly #bidi = new Map<string, BidiHandler>();
  readonly #unary = new Map<string, UnaryHandler>();
  readonly #sessions = new Map<ServerHttp2Session, SessionKeeper>();
  /** Also those that are no session yet: a handshake that is never finished must not hold up the end. */
  readonly #sockets = new Set<Socket>();
  readonly #byAddress: Quota;
  #server: Http2Server | Http2SecureServer | undefined;

  constructor(private readonly options: Http2GrpcServerOptions = {}) {
    this.#limits = { ...defaultTransportLimits, ...options.limits };
    this.#byAddress = new Quota(this.#limits.maxSessionsPerAddress);
  }

  addBidi(path: string, handler: BidiHandler): void {
    this.#bidi.set(path, handler);
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#unary.set(path, handler);
  }

  async listen(options: ListenOptions): Promise<{ address: string; port: number }> {
    const { maxStreamsPerSession, maxHeaderBytes, maxSessionMiB, resetBurst } = this.#limits;
    const settings = {
      settings: { maxConcurrentStreams: maxStreamsPerSession, maxHeaderListSize: maxHeaderBytes, initialWindowSize: 1 << 20 },
      // Node counts queued responses as session memory: a whole configuration must fit, and no more than a few.
      maxSessionMemory: maxSessionMiB,
      streamResetBurst: resetBurst,
      streamResetRate: Math.ceil(resetBurst / 10),
      maxSessionInvalidFrames: 100,
    };
    const server =
      options.tls === undefined
        ? createServer(settings)
        : createSecureServer({
            ...settings,
            minVersion: 'TLSv1.2',
            ...options.tls,
            ALPNProtocols: ['h2'],
            allowHTTP1: false,
            handshakeTimeout: this.#limits.keepaliveTimeoutMs,
            requestCert: true,
            rejectUnauthorized: false,
            // Without tickets every connection shows its certificate anew, against the CAs of today.
            secureOptions: (options.tls.secureOptions ?? 0) | SSL_OP_NO_TICKET,
          });
    this.#server = server;
    server.maxConnections = this.#limits.maxSessions;
    server.on('drop', (dropped) => this.#tell('connections', addressOf(dropped ?? {}), `over the limit of ${this.#limits.maxSessions} connections`));
    server.prependListener('connection', (socket: Socket) => this.#admit(socket));
    // A peer that was told to go and keeps its half open is cut.
    server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      socket.once('finish', () => {
        const cut = setTimeout(() => socket.destroy(), this.#limits.keepaliveTimeoutMs).unref();
        socket.once('close', () => clearTimeout(cut));
      });
    });
    server.on('session', (session) => this.#welcome(session));
    server.on('stream', (http, headers) => {
      try {
        this.#serve(http, headers);
      } catch {
        // The stream or its connection ended meanwhile: nobody is left to answer.
        http.close(constants.NGHTTP2_INTERNAL_ERROR);
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: options.host, port: options.port }, () => {
        server.off('error', reject);
        server.on('error', () => undefined);
        resolve();
      });
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the gRPC server is not bound to a TCP port');
    return { address: bound.address, port: bound.port };
  }

  setSecureContext(options: SecureContextOptions): void {
    const server = this.#server;
    if (server === undefined || !('setSecureContext' in server)) throw new Error('setSecureContext: the gRPC server does not speak TLS');
    server.setSecureContext({ minVersion: 'TLSv1.2', ...options, secureOptions: (options.secureOptions ?? 0) | SSL_OP_NO_TICKET });
  }

  async close(graceMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of this.#sessions.keys()) session.close();
    const cut = setTimeout(() => {
      for (const session of this.#sessions.keys()) session.destroy();
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  }

  #welcome(session: ServerHttp2Session): void {
    session.on('error', () => undefined);
    if (this.#server === undefined || this.#sessions.size >= this.#limits.maxSessions) {
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      session.destroy();
      return;
    }
    const keeper = new SessionKeeper(session, this.#limits);
    // What nghttp2 itself ends: floods of resets, settings, pings and frames that make no sense, headers that are too long.
    session.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_HTTP2_ERROR' || error.code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') this.#tell('http2', keeper.address, error.message);
    });
    this.#sessions.set(session, keeper);
    session.once('close', () => {
      keeper.stop();
      this.#sessions.delete(session);
    });
  }

  #serve(http: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    http.on('error', () => undefined);
    const session = http.session;
    const keeper = session === undefined ? undefined : this.#sessions.get(session as ServerHttp2Session);
    if (session === undefined || keeper === undefined) return http.close(constants.NGHTTP2_REFUSED_STREAM);
    http.once('close', () => keeper.closed());
    if (!keeper.opened()) {
      this.#tell('call_rate', keeper.address, `over the limit of ${this.#limits.callsPerSecond} new calls a second on one connection`);
      (session as ServerHttp2Session).goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return session.destroy();
    }

    const contentType = headers['content-type'] ?? '';
    if (headers[':method'] !== 'POST' || !isGrpc(contentType)) {
      http.respond({ ':status': headers[':method'] === 'POST' ? 415 : 405 }, { endStream: true });
      return;
    }
    const size = headerBytesOf(headers);
    if (size > this.#limits.maxHeaderBytes) {
      const message = `headers of ${size} bytes are over the limit of ${this.#limits.maxHeaderBytes}`;
      this.#tell('header_bytes', keeper.address, message);
      return refuse(http, GrpcStatus.RESOURCE_EXHAUSTED, message);
    }
    const path = String(headers[':path']);
    const peer = peerOf(session as ServerHttp2Session, keeper, headers);
    const bidi = this.#bidi.get(path);
    const unary = this.#unary.get(path);
    if (bidi === undefined && unary === undefined) return refuse(http, GrpcStatus.UNIMPLEMENTED, `unknown method ${path}`);
    const call = new Http2Stream(http, peer, this.#limits);
    void run(call, async () => {
      await this.#authenticate(http, peer, path);
      // Its end would never be heard of.
      if (!call.writable) return;
      if (bidi !== undefined) bidi(call);
      else if (unary !== undefined) serveUnary(call, unary);
      keeper.add(call);
      http.once('close', () => keeper.remove(call));
    });
  }

  /** Nothing of a stranger is read. */
  async #authenticate(http: ServerHttp2Stream, peer: PeerInfo, path: string): Promise<void> {
    const { authenticate, onRefused } = this.options;
    if (authenticate === undefined) return;
    http.pause();
    try {
      await authenticate(peer, path);
    } catch (error) {
      if (error instanceof Refusal) onRefused?.(peer, error);
      throw error;
    }
    http.resume();
  }

  #admit(socket: Socket): void {
    const address = addressOf(socket);
    if (!this.#byAddress.take(hostOf(address))) {
      this.#tell('connections_per_address', address, `over the limit of ${this.#limits.maxSessionsPerAddress} connections of ${hostOf(address)}`);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#byAddress.give(hostOf(address));
    });
  }

  #tell(limit: LimitName, address: string, message: string): void {
    this.options.onLimit?.({ limit, address, message });
  }
}

/** SSL_OP_NO_TICKET of OpenSSL. */
const SSL_OP_NO_TICKET = 0x4000;

const isGrpc = (contentType: string) =>
  contentType === 'application/grpc' || contentType.startsWith('application/grpc+') || contentType.startsWith('application/grpc;');

function serveUnary(stream: Http2Stream, handler: UnaryHandler): void {
  let request: Uint8Array | undefined;
  stream.onMessage((message) => {
    if (request !== undefined) throw new Refusal(GrpcStatus.INTERNAL, 'a unary call takes one request');
    // A copy: the reader's buffer is used again, also by other peers' calls, before the handler is done with it.
    request = Buffer.from(message);
  });
  stream.onHalfClose(() => {
    const whole = request;
    if (whole === undefined) throw new Refusal(GrpcStatus.INTERNAL, 'a unary call takes one request');
    void run(stream, async () => {
      stream.send([await handler(whole, stream.peer)]);
      stream.end(GrpcStatus.OK);
    });
  });
}

async function run(stream: Http2Stream, serve: () => Promise<void>): Promise<void> {
  try {
    await serve();
  } catch (error) {
    if (error instanceof Refusal) stream.end(error.status, error.message);
    else stream.end(GrpcStatus.INTERNAL, 'internal error');
  }
}

function peerOf(session: ServerHttp2Session, keeper: SessionKeeper, headers: IncomingHttpHeaders): PeerInfo {
  const metadata = metadataOf(headers);
  const tls = keeper.tls(() => (session.encrypted ? peerTlsOf(session.socket as TLSSocket) : undefined));
  const address = keeper.address;
  return tls === undefined ? { address, plaintext: true, metadata } : { address, plaintext: false, tls, metadata };
}
