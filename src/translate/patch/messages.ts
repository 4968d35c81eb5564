/**
 * The messages that patches apply to, as far as matching and patching look into them. Decoded with descriptors, so that fields which no generated
 * code knows survive. Full names follow https://www.envoyproxy.io/docs/envoy/latest/api-v3/api
 */
import type { Message } from '@bufbuild/protobuf';

export const CLUSTER = 'envoy.config.cluster.v3.Cluster';
export const LISTENER = 'envoy.config.listener.v3.Listener';
export const ROUTE_CONFIGURATION = 'envoy.config.route.v3.RouteConfiguration';
export const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';
export const HTTP_CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
export const TRANSPORT_SOCKET = 'envoy.config.core.v3.TransportSocket';

/** google.protobuf.Any */
export interface AnyMessage extends Message {
  typeUrl: string;
  value: Uint8Array;
}

/** A oneof whose `typedConfig` case is of interest. */
export type ConfigType = { case: 'typedConfig'; value: AnyMessage } | { case: string; value: unknown } | { case: undefined; value?: undefined };

/** core.v3.TransportSocket, and any filter: network, HTTP, listener. */
export interface Named extends Message {
  name: string;
  configType: ConfigType;
}

export interface ClusterMessage extends Message {
  name: string;
  transportSocket?: Named;
  transportSocketMatches: { transportSocket?: Named }[];
}

export interface FilterChainMessage extends Message {
  name: string;
  filterChainMatch?: { serverNames: string[]; transportProtocol: string; applicationProtocols: string[]; destinationPort?: number };
  filters: Named[];
  transportSocket?: Named;
}

export interface ListenerMessage extends Message {
  name: string;
  address?: { address: { case: string | undefined; value?: { portSpecifier?: { case: string | undefined; value?: unknown } } } };
  listenerFilters: Named[];
  filterChains: FilterChainMessage[];
  defaultFilterChain?: FilterChainMessage;
}

export interface ConnectionManagerMessage extends Message {
  httpFilters: Named[];
  routeSpecifier: { case: 'routeConfig'; value: RouteConfigurationMessage } | { case: 'rds' | undefined; value?: unknown };
}

export interface RouteMessage extends Message {
  name: string;
  action: { case: string | undefined };
}

export interface VirtualHostMessage extends Message {
  name: string;
  domains: string[];
  routes: RouteMessage[];
}

export interface RouteConfigurationMessage extends Message {
  name: string;
  virtualHosts: VirtualHostMessage[];
}
