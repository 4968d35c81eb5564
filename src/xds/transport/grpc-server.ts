/**
 * The seam between the xDS protocol and HTTP/2. The one implementation writes gRPC framing directly on `node:http2`
 * (shared bodies are not copied, back-pressure counts bytes); another can take its place behind these interfaces.
 * Wire format: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import type { SecureContextOptions } from 'node:tls';
import type { GrpcStatus, Refusal } from '../grpc-status.js';
import type { PeerInfo } from './peer.js';

/** One bidirectional call. */
export interface Stream {
  readonly peer: PeerInfo;
  /** Bytes handed to {@link send} that the peer's flow-control window has not let through yet. */
  readonly bufferedBytes: number;
  /** False once the call has ended at either side. */
  readonly writable: boolean;
  /** Sends one message made of the chunks, in order. The chunks are not copied and must not change. */
  send(chunks: readonly Uint8Array[]): void;
  /** Ends the call with a status; what was sent before goes first. Later calls do nothing. */
  end(status: GrpcStatus, message?: string): void;
  /** Drops the call at once, unsent bytes included. */
  abort(): void;
  /** Each whole request message. */
  onMessage(listener: (message: Uint8Array) => void): void;
  /** The client will send no more requests. */
  onHalfClose(listener: () => void): void;
  /** The peer broke a rule of the transport, and the call ends with this when the listener has returned. */
  onRefusal(listener: (refusal: Refusal) => void): void;
  /** The connection has served its time: the call should end soon, and is cut with the connection when it does not. */
  onAge(listener: () => void): void;
  /** Some bytes left the process: `bytes` of them. */
  onFlush(listener: (bytes: number) => void): void;
  /** The call is over, once. */
  onClose(listener: () => void): void;
}

/** Serves a bidirectional method. A thrown Refusal becomes the call's status. */
export type BidiHandler = (stream: Stream) => void;
/** Serves a unary method: serialized request to serialized response. A thrown Refusal becomes the call's status. */
export type UnaryHandler = (request: Uint8Array, peer: PeerInfo) => Uint8Array | Promise<Uint8Array>;

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Key, certificate and client CAs; absent means plaintext. */
  readonly tls?: SecureContextOptions;
}

/** A gRPC server. */
export interface GrpcServer {
  addBidi(path: string, handler: BidiHandler): void;
  addUnary(path: string, handler: UnaryHandler): void;
  listen(options: ListenOptions): Promise<{ address: string; port: number }>;
  /** Replaces key, certificate and CAs for new connections. */
  setSecureContext(options: SecureContextOptions): void;
  /** Takes no new connections, asks clients to leave, and cuts what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
}
