/**
 * {@link GrpcServer} on `node:http2`: listens, keeps sessions within limits and alive, and turns each request into a call.
 * Client certificates are asked for and never judged here: `PeerInfo.tls` tells the handler what TLS thinks of them.
 */
import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, createSecureServer, createServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { GrpcStatus, Refusal } from '../grpc-status.js';
import type { BidiHandler, GrpcServer, ListenOptions, UnaryHandler } from './grpc-server.js';
import { Http2Stream, metadataOf, refuse } from './http2-stream.js';
import type { TransportLimits } from './limits.js';
import { defaultTransportLimits } from './limits.js';
import type { PeerInfo } from './peer.js';
import { peerTlsOf } from './peer-tls.js';
import { SessionKeeper } from './session-keeper.js';

/** What a server may be given beside its limits. */
export interface Http2GrpcServerOptions {
  readonly limits?: Partial<TransportLimits>;
  /** Judges a caller before its call reaches a handler; throws a {@link Refusal} to turn it away. */
  readonly authenticate?: (peer: PeerInfo, path: string) => void | Promise<void>;
}

/** A gRPC server without a gRPC library. */
export class Http2GrpcServer implements GrpcServer {
  readonly #limits: TransportLimits;
  readonly #bidi = new Map<string, BidiHandler>();
  readonly #unary = new Map<string, UnaryHandler>();
  readonly #sessions = new Map<ServerHttp2Session, SessionKeeper>();
  /** Also those that are no session yet: a handshake that is never finished must not hold up the end. */
  readonly #sockets = new Set<Socket>();
  readonly #authenticate: Http2GrpcServerOptions['authenticate'];
  #server: Http2Server | Http2SecureServer | undefined;

  constructor(options: Http2GrpcServerOptions = {}) {
    this.#limits = { ...defaultTransportLimits, ...options.limits };
    this.#authenticate = options.authenticate;
  }

  addBidi(path: string, handler: BidiHandler): void {
    this.#bidi.set(path, handler);
  }

  addUnary(path: string, handler: UnaryHandler): void {
    this.#unary.set(path, handler);
  }

  async listen(options: ListenOptions): Promise<{ address: string; port: number }> {
    const settings = {
      settings: { maxConcurrentStreams: this.#limits.maxStreamsPerSession, initialWindowSize: 1 << 20 },
      // Node counts queued responses as session memory and would refuse new calls of a slow client at 10 MB.
      maxSessionMemory: 512,
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
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
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
    keeper.opened();
    http.once('close', () => keeper.closed());

    const contentType = headers['content-type'] ?? '';
    if (headers[':method'] !== 'POST' || !isGrpc(contentType)) {
      http.respond({ ':status': headers[':method'] === 'POST' ? 415 : 405 }, { endStream: true });
      return;
    }
    const path = String(headers[':path']);
    const peer = peerOf(session as ServerHttp2Session, keeper, headers);
    const bidi = this.#bidi.get(path);
    const unary = this.#unary.get(path);
    if (bidi === undefined && unary === undefined) return refuse(http, GrpcStatus.UNIMPLEMENTED, `unknown method ${path}`);
    const stream = new Http2Stream(http, peer, this.#limits);
    const start = () => (bidi !== undefined ? bidi(stream) : unary !== undefined ? serveUnary(stream, unary) : undefined);
    void run(stream, async () => {
      if (this.#authenticate !== undefined) {
        http.pause();
        await this.#authenticate(peer, path);
        http.resume();
      }
      // Its end would never be heard of.
      if (stream.writable) start();
    });
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
