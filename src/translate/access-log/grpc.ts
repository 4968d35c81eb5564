/**
 * Access logs streamed to a service: the `envoy_accesslog_service` cluster of the bootstrap (MC-004), or an extension provider's (TE-012).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/grpc/v3/als.proto
 */
import type { AccessLog } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import { ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import {
  type CommonGrpcAccessLogConfig,
  HttpGrpcAccessLogConfig,
  TcpGrpcAccessLogConfig,
} from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/grpc/v3/als.js';
import type { Backend } from '../../model/extension-providers.js';
import { type Partial, toAny } from '../proto.js';

/** Of MeshConfig: HTTP or TCP by the place that it is put in. */
export interface GrpcLog {
  readonly kind: 'grpc';
}

/** A stream of a provider's own: the provider says which kind, wherever the log is put. */
export interface StreamLog {
  readonly kind: 'http-stream' | 'tcp-stream';
  readonly backend: Backend;
  readonly logName: string;
  readonly filterState: readonly string[];
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly responseTrailers: readonly string[];
}

/** What peers' metadata exchange leaves in filter state. */
export const PEERS = ['upstream_peer', 'downstream_peer'];
/** The same under its new and its old names. */
export const PEERS_OF_ALL_VERSIONS = [...PEERS, 'wasm.upstream_peer', 'wasm.upstream_peer_id', 'wasm.downstream_peer', 'wasm.downstream_peer_id'];

/** What all kinds of streams have in common. */
export const streamConfig = (
  logName: string,
  { cluster, hostname }: Pick<Backend, 'cluster'> & { readonly hostname?: string },
  filterState: readonly string[],
): Partial<CommonGrpcAccessLogConfig> => ({
  logName,
  grpcService: {
    targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: cluster, ...(hostname === undefined ? {} : { authority: hostname }) } },
  },
  transportApiVersion: ApiVersion.V3,
  filterStateObjectsToLog: [...filterState],
});

const httpStream = (config: Partial<HttpGrpcAccessLogConfig>): Partial<AccessLog> => ({
  name: 'envoy.access_loggers.http_grpc',
  configType: { $case: 'typedConfig', value: toAny(HttpGrpcAccessLogConfig, config) },
});
const tcpStream = (config: Partial<TcpGrpcAccessLogConfig>): Partial<AccessLog> => ({
  name: 'envoy.tcp_grpc_access_log',
  configType: { $case: 'typedConfig', value: toAny(TcpGrpcAccessLogConfig, config) },
});

export function translateGrpcLog(place: 'http' | 'tcp' | 'listener'): Partial<AccessLog> {
  const commonConfig = streamConfig(`${place}_envoy_accesslog`, { cluster: 'envoy_accesslog_service' }, PEERS_OF_ALL_VERSIONS);
  return place === 'http' ? httpStream({ commonConfig }) : tcpStream({ commonConfig });
}

export function translateStreamLog(log: StreamLog): Partial<AccessLog> {
  const commonConfig = streamConfig(log.logName, log.backend, log.filterState);
  if (log.kind === 'tcp-stream') return tcpStream({ commonConfig });
  return httpStream({
    commonConfig,
    additionalRequestHeadersToLog: [...log.requestHeaders],
    additionalResponseHeadersToLog: [...log.responseHeaders],
    additionalResponseTrailersToLog: [...log.responseTrailers],
  });
}
