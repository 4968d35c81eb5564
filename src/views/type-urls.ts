/** The type URLs that are served, by their usual short names. */
const PREFIX = 'type.googleapis.com/';

export const CLUSTER_TYPE = `${PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT_TYPE = `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER_TYPE = `${PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE_TYPE = `${PREFIX}envoy.config.route.v3.RouteConfiguration`;
export const VIRTUAL_HOST_TYPE = `${PREFIX}envoy.config.route.v3.VirtualHost`;
export const SECRET_TYPE = `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`;
/** Configuration of a filter that a listener names only (ECDS). */
export const EXTENSION_TYPE = `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`;
/** Istio's own: names for the proxy's DNS resolver. */
export const NAME_TABLE_TYPE = `${PREFIX}istio.networking.nds.v1.NameTable`;
/** What an Envoy starts with; agents ask for it. */
export const BOOTSTRAP_TYPE = `${PREFIX}envoy.config.bootstrap.v3.Bootstrap`;
/** Istio's own: whom a proxy's agent is to trust. */
export const PROXY_CONFIG_TYPE = `${PREFIX}istio.mesh.v1alpha1.ProxyConfig`;

export type ShortType = 'cds' | 'eds' | 'lds' | 'rds' | 'vhds' | 'sds' | 'ecds' | 'nds' | 'bds' | 'pcds';

export const TYPE: Readonly<Record<string, ShortType | undefined>> = {
  [CLUSTER_TYPE]: 'cds',
  [ENDPOINT_TYPE]: 'eds',
  [LISTENER_TYPE]: 'lds',
  [ROUTE_TYPE]: 'rds',
  [VIRTUAL_HOST_TYPE]: 'vhds',
  [SECRET_TYPE]: 'sds',
  [EXTENSION_TYPE]: 'ecds',
  [NAME_TABLE_TYPE]: 'nds',
  [BOOTSTRAP_TYPE]: 'bds',
  [PROXY_CONFIG_TYPE]: 'pcds',
};
