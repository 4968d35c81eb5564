/**
 * One gRPC call on `node:http2`. Writes go out as the caller's own buffers, corked so that one message is one writev;
 * HTTP/2 flow control decides when they leave, and the write callback says so.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { GrpcStatus, Refusal } from '../grpc-status.js';
import { MessageReader, messagePrefix } from './framing.js';
import type { Stream } from './grpc-server.js';
import type { TransportLimits } from './limits.js';
import { TokenBucket } from './limits.js';
import type { PeerInfo } from './peer.js';

/** Time for the last bytes and the trailers to leave before an ended call is cut. */
const LINGER_MS = 5_000;
/** Time between the trailers and the end of the stream. */
const RELEASE_MS = 50;

/** grpc-message is percent-encoded UTF-8; printable ASCII but `%` stays as it is. */
export function encodeGrpcMessage(message: string): string {
  let out = '';
  for (const byte of Buffer.from(message.slice(0, 4096), 'utf8')) {
    out += byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

const statusHeaders = (status: GrpcStatus, message: string) =>
  message === '' ? { 'grpc-status': String(status) } : { 'grpc-status': String(status), 'grpc-message': encodeGrpcMessage(message) };

/** Size of a header list (RFC 9113, section 10.5.1). */
export function headerBytesOf(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + String(value).length + 32;
  return bytes;
}

/** gRPC metadata of a request. */
export function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    metadata[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return metadata;
}

/** Answers a call that never became a stream: headers and trailers in one frame. */
export function refuse(http: ServerHttp2Stream, status: GrpcStatus, message: string): void {
  if (http.closed || http.destroyed) return;
  http.respond({ ':status': 200, 'content-type': 'application/grpc', ...statusHeaders(status, message) }, { endStream: true });
  leave(http);
  release(http);
}

/** Ends a stream that the client has not half-closed, without error, once its last frame had time to leave: a reset overtakes it. */
function release(http: ServerHttp2Stream): void {
  setTimeout(() => http.close(constants.NGHTTP2_NO_ERROR), RELEASE_MS).unref();
}

/** The server is done: what the client still sends is read and thrown away, and a client that stays is cut. */
function leave(http: ServerHttp2Stream): void {
  http.resume();
  const cut = setTimeout(() => http.close(constants.NGHTTP2_CANCEL), LINGER_MS);
  cut.unref();
  http.once('close', () => clearTimeout(cut));
}

/** The {@link Stream} over one HTTP/2 stream. */
export class Http2Stream implements Stream {
  bufferedBytes = 0;
  #ended = false;
  #closed = false;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onHalfClose: (() => void) | undefined;
  #onFlush: ((bytes: number) => void) | undefined;
  #onClose: (() => void) | undefined;
  #onRefusal: ((refusal: Refusal) => void) | undefined;
  #onAge: (() => void) | undefined;

  constructor(
    private readonly http: ServerHttp2Stream,
    readonly peer: PeerInfo,
    limits: TransportLimits,
  ) {
    const reader = new MessageReader(limits.maxMessageBytes);
    const bucket = new TokenBucket(limits.requestsPerSecond, limits.requestBurst, performance.now());
    http.on('data', (data: Buffer) => this.#guard(() => this.#read(reader, bucket, limits, data)));
    http.on('end', () => this.#guard(() => this.#halfClose(reader)));
    http.on('close', () => this.#close());
    http.on('error', () => undefined); // 'close' follows and says all there is to say
  }

  get writable(): boolean {
    return !this.#ended && !this.#closed && !this.http.closed && !this.http.destroyed;
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }
  onHalfClose(listener: () => void): void {
    this.#onHalfClose = listener;
  }
  onRefusal(listener: (refusal: Refusal) => void): void {
    this.#onRefusal = listener;
  }
  onAge(listener: () => void): void {
    this.#onAge = listener;
  }
  onFlush(listener: (bytes: number) => void): void {
    this.#onFlush = listener;
  }
  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  send(chunks: readonly Uint8Array[]): void {
    if (!this.writable) return;
    this.#respond();
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    const prefix = messagePrefix(length);
    this.bufferedBytes += length + prefix.length;
    this.http.cork();
    this.#write(prefix);
    for (const chunk of chunks) if (chunk.length > 0) this.#write(chunk);
    this.http.uncork();
  }

  end(status: GrpcStatus, message = ''): void {
    if (!this.writable) return;
    this.#ended = true;
    if (!this.http.headersSent) return refuse(this.http, status, message);
    this.http.once('wantTrailers', () => {
      this.http.sendTrailers(statusHeaders(status, message));
      release(this.http);
    });
    leave(this.http);
    this.http.end();
  }

  /** Its connection is to be left. */
  age(): void {
    if (this.writable) this.#guard(() => this.#onAge?.());
  }

  abort(): void {
    this.#ended = true;
    this.http.close(constants.NGHTTP2_CANCEL);
  }

  #respond(): void {
    if (this.http.headersSent) return;
    this.http.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  }

  #write(chunk: Uint8Array): void {
    this.http.write(chunk, () => {
      if (this.#closed) return;
      this.bufferedBytes -= chunk.length;
      this.#onFlush?.(chunk.length);
    });
  }

  #read(reader: MessageReader, bucket: TokenBucket, limits: TransportLimits, data: Buffer): void {
    for (const message of reader.push(data)) {
      if (!this.writable) return;
      if (!bucket.take(performance.now())) {
        throw new Refusal(
          GrpcStatus.RESOURCE_EXHAUSTED,
          `over the limit of ${limits.requestsPerSecond} requests a second on one stream`,
          'request_rate',
        );
      }
      this.#onMessage?.(message);
    }
  }

  #halfClose(reader: MessageReader): void {
    if (!this.writable) return;
    if (!reader.isEmpty) throw new Refusal(GrpcStatus.INTERNAL, 'the stream ended inside a message');
    this.#onHalfClose?.();
  }

  /** Errors of listeners end the call instead of the process. */
  #guard(run: () => void): void {
    if (this.#ended) return;
    try {
      run();
    } catch (error) {
      if (error instanceof Refusal) this.#onRefusal?.(error);
      if (error instanceof Refusal) this.end(error.status, error.message);
      else this.end(GrpcStatus.INTERNAL, 'internal error');
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
