/**
 * Access logs: which ones a mesh wants (as plain values, part of the listener settings) and their translation for connection managers,
 * tcp_proxies and listeners. The Telemetry API will make other {@link AccessLogs} values; the translation stays. MC-002..MC-005.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
 */
import type { AccessLog, AccessLogFilter } from '@envoyproxy/xds-protos/envoy/config/accesslog/v3/accesslog.js';
import type { EffectiveMeshConfig } from '../../api/mesh-config.js';
import type { Partial } from '../proto.js';
import { type FileLog, translateFileLog } from './file.js';
import { DEFAULT_JSON_FORMAT, DEFAULT_TEXT_FORMAT } from './formats.js';
import { type GrpcLog, translateGrpcLog } from './grpc.js';

export type LogSink = FileLog | GrpcLog;

export interface AccessLogs {
  /** On connection managers and tcp_proxies. */
  readonly sinks: readonly LogSink[];
  /** Also log connections that no filter chain took, on the listener itself. */
  readonly onListener: boolean;
}

/** Access logs as MeshConfig asks for them. */
export function meshAccessLogs(config: EffectiveMeshConfig): AccessLogs {
  const sinks: LogSink[] = [];
  if (config.accessLogFile !== undefined && config.accessLogFile !== '') {
    sinks.push({ kind: 'file', path: config.accessLogFile, format: meshFormat(config) });
  }
  if (config.enableEnvoyAccessLogService === true) sinks.push({ kind: 'grpc' });
  return { sinks, onListener: config.disableEnvoyListenerLog !== true };
}

function meshFormat({ accessLogEncoding, accessLogFormat = '' }: EffectiveMeshConfig): FileLog['format'] {
  if (accessLogEncoding === 'TEXT') return { text: accessLogFormat === '' ? DEFAULT_TEXT_FORMAT : withNewline(accessLogFormat) };
  return { json: (accessLogFormat === '' ? undefined : parseObject(accessLogFormat)) ?? DEFAULT_JSON_FORMAT };
}

const withNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** undefined for text that is no JSON object: the reference falls back to its default then. */
function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Logs of a connection manager. */
export const httpAccessLogs = (logs: AccessLogs): Partial<AccessLog>[] => logs.sinks.map((sink) => translate(sink, 'http'));

/** Logs of a tcp_proxy. */
export const tcpAccessLogs = (logs: AccessLogs): Partial<AccessLog>[] => logs.sinks.map((sink) => translate(sink, 'tcp'));

/** Logs of a listener: only connections without a filter chain (flag NR), everything else is logged further in. */
export function listenerAccessLogs(logs: AccessLogs): Partial<AccessLog>[] {
  if (!logs.onListener) return [];
  return logs.sinks.map((sink) => ({ ...translate(sink, 'listener'), filter: NO_ROUTE }));
}

const NO_ROUTE: Partial<AccessLogFilter> = { filterSpecifier: { $case: 'responseFlagFilter', value: { flags: ['NR'] } } };

const translate = (sink: LogSink, place: 'http' | 'tcp' | 'listener'): Partial<AccessLog> =>
  sink.kind === 'file' ? translateFileLog(sink) : translateGrpcLog(place);
