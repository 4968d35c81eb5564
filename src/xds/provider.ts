/**
 * The contract between the protocol and what is served. `src/views` implements it over the graph; a test does in six lines.
 * The protocol knows type URLs, names and bytes, and nothing else of a resource.
 */
import type { Node } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { XdsVariant } from './observer.js';
import type { PeerInfo } from './transport/peer.js';

export { GrpcStatus, type LimitName, Refusal } from './grpc-status.js';
export type { XdsObserver } from './observer.js';
export type { PeerInfo } from './transport/peer.js';

/** A resource encoded once and shared by all streams. Compared by reference, then by version. */
export interface EncodedResource {
  readonly name: string;
  /** Short hash of the content: equal content must give an equal version, on every replica. */
  readonly version: string;
  /** Serialized `google.protobuf.Any` (type_url and value). Never changed after it was handed out. */
  readonly body: Uint8Array;
  /** It stands in for a resource that is not there (an empty load assignment): taking its place is a removal, and waits like one. */
  readonly isStandIn?: boolean;
}

/**
 * An immutable view. Chunks are shared between sets and compared by reference; each chunk's bytes are encoded and kept once.
 * Names are unique over all chunks. The order is the provider's, and stable.
 * Returning the same set to all proxies that see the same thing lets them share the differences as well.
 */
export interface ResourceSet {
  readonly chunks: readonly (readonly EncodedResource[])[];
}

/** A subscription to a view. */
export interface ResourceWatch {
  read(): ResourceSet;
  close(): void;
}

/** A request that asks for nothing but tells something; it is never answered. */
export interface RequestEvent {
  readonly typeUrl: string;
  /** The request's error_detail. */
  readonly error?: { readonly code: number; readonly message: string };
}

/** One connected proxy, made on the first request of a stream. */
export interface ProxyHandle {
  readonly id: string;
  /** Whom it proved to be; undefined when it proved nothing. Streams are counted by it. */
  readonly identity?: string;
  /**
   * Names undefined means wildcard; otherwise they come sorted and without repetition. The set simply lacks names for which
   * there is no resource. Virtual hosts are watched by group: names are those of route configurations. `onStale` fires once after each change until `read` is called again.
   */
  watch(typeUrl: string, names: readonly string[] | undefined, onStale: () => void): ResourceWatch;
  /** Takes in a request of one of the {@link ResourceProvider.eventTypes}. Must not throw. */
  event?(event: RequestEvent): void;
  close(): void;
}

/** Where resources come from. */
export interface ResourceProvider {
  /** Types whose requests are events, not subscriptions. */
  readonly eventTypes?: ReadonlySet<string>;
  /** Judges a new proxy. A thrown {@link Refusal} ends the stream with its status. */
  connect(node: Node, peer: PeerInfo, variant: XdsVariant): ProxyHandle | Promise<ProxyHandle>;
}
