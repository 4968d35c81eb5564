/**
 * What translation of one HTTPRoute works with: the context it may read, the draft it fills and the shape of a block.
 * One file of this folder per field of Istio's HTTPRoute; http-route.ts holds the total table.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
 */
import type { DeepPartial, Route, RouteAction } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { ConsistentHashLB, Destination, HTTPMatchRequest, HTTPRetry, HTTPRoute } from '../../api/istio.js';
import type { Labels } from '../../model/labels.js';
import type { PersistentSession } from '../../model/persistent-session.js';

/** Which API a VirtualService was made from: Ingress and Gateway API rules match whole path segments. */
export type RouteSemantics = 'istio' | 'ingress' | 'gateway-api';

/** The VirtualService that a route comes from, as far as routes show it. */
export interface RouteOwner {
  readonly name: string;
  readonly namespace: string;
  readonly semantics: RouteSemantics;
}

/** Everything a route may depend on besides its own text. */
export interface RouteContext {
  readonly owner: RouteOwner;
  /** Port of the listener (sidecar: service port, 0 for http_proxy and unix sockets; gateway: the server's port). */
  readonly listenPort: number;
  /** 'mesh' or `namespace/name` of the gateway. */
  readonly gateway: string;
  readonly proxyNamespace: string;
  readonly proxyLabels: Labels;
  /** The listener terminates TLS: default scheme of redirects. */
  readonly isTls: boolean;
  /** The listener's server can be had over HTTP/3 as well, and says so. */
  readonly http3?: true;
  /** ProxyConfig.proxyHeaders.xForwardedHost; applied where a rewrite is. */
  readonly appendXForwardedHost: boolean;
  /** MeshConfig.defaultHttpRetryPolicy. */
  readonly defaultRetries: HTTPRetry | undefined;
  /** Name of the cluster that a destination means here. */
  readonly clusterOf: (destination: Destination) => string;
  /** Consistent hashing that DestinationRules ask for at a destination. */
  readonly hashOf: (destination: Destination) => ConsistentHashLB | undefined;
  /** Sessions that the service of a destination keeps. @default none */
  readonly sessionOf?: (destination: Destination) => PersistentSession | undefined;
}

export type RouteDraft = DeepPartial<Route>;
export type ActionDraft = DeepPartial<RouteAction>;

/** One route being made: `route` is the result, `action` is filled only while requests are forwarded. */
export interface Draft {
  readonly route: RouteDraft;
  readonly action: ActionDraft;
  /** New host header wanted so far; the route's own wins over its destinations'. */
  authority: string;
}

/** Translates one field of an HTTPRoute. Called for every route that can use the field, also when it is unset, because unset often means a default. */
export type RouteBlock<T> = (draft: Draft, value: T | undefined, http: HTTPRoute, context: RouteContext, match: HTTPMatchRequest | undefined) => void;

/** One block per field of the API: the compiler lists what a new version of the API brings. */
export type RouteBlocks<A> = { readonly [K in keyof A]-?: RouteBlock<NonNullable<A[K]>> };
