/**
 * Access logs: which ones a workload wants (as plain values, part of the listener settings) and their translation for connection managers,
 * tcp_proxies and listeners. Telemetry decides (TE-012, TE-013); where none does, MeshConfig's older fields (MC-002..MC-005).
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
 */
import type { AccessLog, AccessLogFilter } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import { AccessLogType } from '@envoyproxy/xds-protos/envoy/data/accesslog/v3/accesslog.js';
import { ExpressionFilter } from '@envoyproxy/xds-protos/envoy/extensions/access_loggers/filters/cel/v3/cel.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import { type FindBackend, findProvider } from '../../model/extension-providers.js';
import type { LogChoice } from '../../model/telemetry-merge.js';
import { type Partial, toAny } from '../proto.js';
import { type FileLog, translateFileLog } from './file.js';
import { meshFormat } from './formats.js';
import { type GrpcLog, type StreamLog, translateGrpcLog, translateStreamLog } from './grpc.js';
import { type OpenTelemetryLog, translateOpenTelemetryLog } from './open-telemetry.js';
import { providerSink } from './providers.js';

export type LogSink = FileLog | GrpcLog | StreamLog | OpenTelemetryLog;

export interface AccessLogs {
  /** On connection managers and tcp_proxies. `filter`: CEL, only what it is true for is logged. */
  readonly sinks: readonly (LogSink & { readonly filter?: string })[];
  /** Also log connections that no filter chain took, on the listener itself. */
  readonly onListener: boolean;
}

type Place = 'http' | 'tcp' | 'listener';

/** Access logs as MeshConfig asks for them. */
export function meshAccessLogs(config: EffectiveMeshConfig): AccessLogs {
  const sinks: LogSink[] = [];
  if (config.accessLogFile !== undefined && config.accessLogFile !== '') {
    sinks.push({ kind: 'file', path: config.accessLogFile, format: meshFormat(config) });
  }
  if (config.enableEnvoyAccessLogService === true) sinks.push({ kind: 'grpc' });
  return { sinks, onListener: config.disableEnvoyListenerLog !== true };
}

/** Who turns a log off means it, whether or not its service can be found. */
const ANYWHERE: FindBackend = () => ({ hostname: '', cluster: '' });

/** Access logs as Telemetry chose them, by the provider's name. When none of its providers can be used, as MeshConfig asks for them. */
export function chosenAccessLogs(config: EffectiveMeshConfig, choices: readonly LogChoice[] | undefined, find: FindBackend): AccessLogs {
  const known = (choices ?? []).flatMap(({ provider: name, disabled, filter }) => {
    const provider = findProvider(config.extensionProviders, name);
    const sink = provider && providerSink(provider, config, disabled ? ANYWHERE : find);
    return sink === undefined ? [] : [{ name: provider?.name ?? '', disabled, sink: filter === '' ? sink : { ...sink, filter } }];
  });
  if (known.length === 0) return meshAccessLogs(config);
  return {
    sinks: known
      .filter(({ disabled }) => !disabled)
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .map(({ sink }) => sink),
    onListener: config.disableEnvoyListenerLog !== true,
  };
}

/** Logs of a connection manager. */
export const httpAccessLogs = (logs: AccessLogs): Partial<AccessLog>[] => logs.sinks.map((sink) => translate(sink, 'http'));

/** Logs of a tcp_proxy. `reportsBegin`: it would log connections when they begin, too. */
export const tcpAccessLogs = (logs: AccessLogs, reportsBegin = false): Partial<AccessLog>[] =>
  logs.sinks.map((sink) => translate(sink, 'tcp', reportsBegin ? [NOT_AT_BEGIN] : []));

/** Logs of a listener: only connections without a filter chain (flag NR), everything else is logged further in. */
export const listenerAccessLogs = (logs: AccessLogs): Partial<AccessLog>[] =>
  logs.onListener ? logs.sinks.map((sink) => translate(sink, 'listener')) : [];

const NO_ROUTE: Partial<AccessLogFilter> = { filterSpecifier: { $case: 'responseFlagFilter', value: { flags: ['NR'] } } };

const NOT_AT_BEGIN: Partial<AccessLogFilter> = {
  filterSpecifier: { $case: 'logTypeFilter', value: { types: [AccessLogType.TcpUpstreamConnected], exclude: true } },
};

function translate(sink: AccessLogs['sinks'][number], place: Place, only: readonly Partial<AccessLogFilter>[] = []): Partial<AccessLog> {
  const filters = [...only, ...(place === 'listener' ? [NO_ROUTE] : []), ...(sink.filter === undefined ? [] : [expression(sink.filter)])];
  const [first] = filters;
  if (first === undefined) return translateSink(sink, place);
  const filter = filters.length === 1 ? first : { filterSpecifier: { $case: 'andFilter' as const, value: { filters } } };
  return { ...translateSink(sink, place), filter };
}

function translateSink(sink: LogSink, place: Place): Partial<AccessLog> {
  switch (sink.kind) {
    case 'file':
      return translateFileLog(sink);
    case 'grpc':
      return translateGrpcLog(place);
    case 'http-stream':
    case 'tcp-stream':
      return translateStreamLog(sink);
    case 'open-telemetry':
      return translateOpenTelemetryLog(sink);
  }
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/filters/cel/v3/cel.proto */
const expression = (text: string): Partial<AccessLogFilter> => ({
  filterSpecifier: {
    $case: 'extensionFilter',
    value: {
      name: 'envoy.access_loggers.extension_filters.cel',
      configType: { $case: 'typedConfig', value: toAny(ExpressionFilter, { expression: text }) },
    },
  },
});
