/**
 * Which type goes first, and what kind of subscription each has. The order is make before break: what is referred to comes
 * before what refers to it (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations).
 */

/** Type URLs that the protocol treats specially. Everything else is sent last, in the order of subscription. */
export const TypeUrl = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  scopedRoute: 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  virtualHost: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  extensionConfig: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
  nameTable: 'type.googleapis.com/istio.networking.nds.v1.NameTable',
} as const;

const order: readonly string[] = [
  TypeUrl.cluster,
  TypeUrl.endpoint,
  TypeUrl.listener,
  TypeUrl.scopedRoute,
  TypeUrl.route,
  TypeUrl.virtualHost,
  TypeUrl.secret,
  TypeUrl.extensionConfig,
  TypeUrl.nameTable,
];
const ranks = new Map(order.map((typeUrl, rank) => [typeUrl, rank]));

/** Place of a type within one push; types not known here share the last place. */
export const pushRank = (typeUrl: string): number => ranks.get(typeUrl) ?? order.length;

const named: ReadonlySet<string> = new Set([TypeUrl.endpoint, TypeUrl.route, TypeUrl.secret, TypeUrl.extensionConfig]);

/**
 * Types that are asked for by name: no names means no subscription, and a SotW response may hold just some of them because
 * leaving one out does not delete it.
 */
export const isNamedType = (typeUrl: string): boolean => named.has(typeUrl);

const routing: ReadonlySet<string> = new Set([TypeUrl.listener, TypeUrl.scopedRoute, TypeUrl.route, TypeUrl.virtualHost]);

/** Types whose resources send traffic to clusters, so that they wait for them and clusters outlive them. */
export const refersToClusters = (typeUrl: string): boolean => routing.has(typeUrl);

/**
 * Types of which a client is not told that a resource which it has is gone: a filter that still names an extension would fail requests when it loses it,
 * and the listener that no longer names it is told anyway (EX-009).
 */
export const isNeverRemoved = (typeUrl: string): boolean => typeUrl === TypeUrl.extensionConfig;

/** Types whose removal waits until nothing refers to them any more. */
export const isRemovedLast = (typeUrl: string): boolean => typeUrl === TypeUrl.cluster || typeUrl === TypeUrl.endpoint;
