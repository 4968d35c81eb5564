/**
 * Access logs as OpenTelemetry log records over gRPC.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/open_telemetry/v3/logs_service.proto
 */
import type { AccessLog } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import { OpenTelemetryAccessLogConfig } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/open_telemetry/v3/logs_service.js';
import type { Backend } from '../../model/extension-providers.js';
import { type Partial, toAny } from '../proto.js';
import { formatters } from './formatters.js';
import { PEERS_OF_ALL_VERSIONS, streamConfig } from './grpc.js';

export interface OpenTelemetryLog {
  readonly kind: 'open-telemetry';
  readonly backend: Backend;
  readonly logName: string;
  /** The record's body. */
  readonly text: string;
  /** The record's attributes; only texts are carried, as in the reference. */
  readonly labels: Readonly<Record<string, unknown>>;
}

export function translateOpenTelemetryLog({ backend, logName, text, labels }: OpenTelemetryLog): Partial<AccessLog> {
  const attributes = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const extensions = formatters([text, ...Object.values(labels)]);
  const config: Partial<OpenTelemetryAccessLogConfig> = {
    commonConfig: streamConfig(logName, backend, PEERS_OF_ALL_VERSIONS),
    disableBuiltinLabels: true,
    body: { value: { $case: 'stringValue', value: text } },
    ...(attributes.length === 0
      ? {}
      : {
          attributes: {
            values: attributes.map(([key, value]) => ({
              key,
              value: { value: { $case: 'stringValue', value: typeof value === 'string' ? value : '' } },
            })),
          },
        }),
    ...(extensions.length === 0 ? {} : { formatters: extensions }),
  };
  return {
    name: 'envoy.access_loggers.open_telemetry',
    configType: { $case: 'typedConfig', value: toAny(OpenTelemetryAccessLogConfig, config) },
  };
}
