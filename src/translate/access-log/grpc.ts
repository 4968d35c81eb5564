/**
 * Access logs streamed to the `envoy_accesslog_service` cluster of the bootstrap (MC-004).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/grpc/v3/als.proto
 */
import type { AccessLog } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import { ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import {
  type CommonGrpcAccessLogConfig,
  HttpGrpcAccessLogConfig,
  TcpGrpcAccessLogConfig,
} from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/grpc/v3/als.js';
import { type Partial, toAny } from '../proto.js';

export interface GrpcLog {
  readonly kind: 'grpc';
}

/** What peers' metadata exchange leaves in filter state, under its new and its old names. */
const FILTER_STATE = [
  'upstream_peer',
  'downstream_peer',
  'wasm.upstream_peer',
  'wasm.upstream_peer_id',
  'wasm.downstream_peer',
  'wasm.downstream_peer_id',
];

export function translateGrpcLog(place: 'http' | 'tcp' | 'listener'): Partial<AccessLog> {
  const commonConfig: Partial<CommonGrpcAccessLogConfig> = {
    logName: `${place}_envoy_accesslog`,
    grpcService: { targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: 'envoy_accesslog_service' } } },
    transportApiVersion: ApiVersion.V3,
    filterStateObjectsToLog: FILTER_STATE,
  };
  return place === 'http'
    ? { name: 'envoy.access_loggers.http_grpc', configType: { $case: 'typedConfig', value: toAny(HttpGrpcAccessLogConfig, { commonConfig }) } }
    : { name: 'envoy.tcp_grpc_access_log', configType: { $case: 'typedConfig', value: toAny(TcpGrpcAccessLogConfig, { commonConfig }) } };
}
