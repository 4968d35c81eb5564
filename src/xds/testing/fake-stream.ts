/** A stream without a network: what the server sends lies in `sent`, and leaves the buffer when the test says so. */
import type { GrpcStatus } from '../grpc-status.js';
import type { Stream } from '../transport/grpc-server.js';
import type { PeerInfo } from '../transport/peer.js';

/** A stream in the hands of a test. */
export class FakeStream implements Stream {
  readonly sent: Uint8Array[] = [];
  bufferedBytes = 0;
  ended: { status: GrpcStatus; message: string } | undefined;
  /** The connection grows old. */
  age: () => void = () => undefined;
  /** False makes sent bytes wait for `flush`. */
  reads = true;
  #message: ((message: Uint8Array) => void) | undefined;
  #flush: ((bytes: number) => void) | undefined;
  #close: (() => void) | undefined;

  constructor(readonly peer: PeerInfo = { address: '10.0.0.1:5', plaintext: true, metadata: {} }) {}

  get writable(): boolean {
    return this.ended === undefined;
  }
  send(chunks: readonly Uint8Array[]): void {
    const message = Buffer.concat(chunks);
    this.sent.push(message);
    this.bufferedBytes += message.length;
    if (this.reads) this.flush();
  }
  end(status: GrpcStatus, message = ''): void {
    this.ended ??= { status, message };
  }
  abort(): void {
    this.ended ??= { status: 1, message: 'aborted' };
  }
  onMessage(listener: (message: Uint8Array) => void): void {
    this.#message = listener;
  }
  onHalfClose(): void {}
  onRefusal(): void {}
  onAge(listener: () => void): void {
    this.age = listener;
  }
  onFlush(listener: (bytes: number) => void): void {
    this.#flush = listener;
  }
  onClose(listener: () => void): void {
    this.#close = listener;
  }

  /** The client sends. */
  receive(message: Uint8Array): void {
    this.#message?.(message);
  }
  /** Everything waiting leaves. */
  flush(): void {
    const bytes = this.bufferedBytes;
    this.bufferedBytes = 0;
    if (bytes > 0) this.#flush?.(bytes);
  }
  /** Some of it leaves. */
  trickle(bytes: number): void {
    this.bufferedBytes -= bytes;
    this.#flush?.(bytes);
  }
  /** The client goes. */
  close(): void {
    this.ended ??= { status: 1, message: 'gone' };
    this.#close?.();
  }
}
