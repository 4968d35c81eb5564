/**
 * Access loggers among MeshConfig.extensionProviders as log sinks (TE-012, TE-014).
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
 */
import type { EffectiveMeshConfig, ExtensionProvider } from '../../api/mesh-config.js';
import { type FindBackend, providerSettings } from '../../model/extension-providers.js';
import { DEFAULT_JSON_FORMAT, DEFAULT_TEXT_FORMAT, meshFormat, withNewline } from './formats.js';
import { PEERS, type StreamLog } from './grpc.js';
import type { LogSink } from './index.js';

interface FileSettings {
  readonly path?: string;
  readonly logFormat?: { readonly text?: string; readonly labels?: Readonly<Record<string, unknown>> };
  readonly omitEmptyValues?: boolean;
}
interface StreamSettings {
  readonly service?: string;
  readonly port?: number;
  readonly logName?: string;
  readonly filterStateObjectsToLog?: readonly string[];
  readonly additionalRequestHeadersToLog?: readonly string[];
  readonly additionalResponseHeadersToLog?: readonly string[];
  readonly additionalResponseTrailersToLog?: readonly string[];
  /** Of OpenTelemetry. */
  readonly logFormat?: FileSettings['logFormat'];
}

/** The built-in provider: without a format of its own it has MeshConfig's. */
const BUILT_IN = 'envoy';

/** undefined for what logs nothing, and for a service that the mesh does not have: the provider is left out then (TE-015). */
export function providerSink(provider: ExtensionProvider, config: EffectiveMeshConfig, find: FindBackend): LogSink | undefined {
  const file = providerSettings<FileSettings>(provider, 'envoyFileAccessLog');
  if (file !== undefined) return fileSink(provider.name, file, config);
  const http = providerSettings<StreamSettings>(provider, 'envoyHttpAls');
  if (http !== undefined) return streamSink('http-stream', http, find);
  const tcp = providerSettings<StreamSettings>(provider, 'envoyTcpAls');
  if (tcp !== undefined) return streamSink('tcp-stream', tcp, find);
  const otel = providerSettings<StreamSettings>(provider, 'envoyOtelAls');
  if (otel === undefined) return undefined;
  const { service = '', port = 0, logName, logFormat } = otel;
  const backend = find(service, port);
  if (backend === undefined) return undefined;
  const text = logFormat?.text === undefined || logFormat.text === '' ? DEFAULT_TEXT_FORMAT : logFormat.text;
  return { kind: 'open-telemetry', backend, logName: nonEmpty(logName, 'otel_envoy_accesslog'), text, labels: logFormat?.labels ?? {} };
}

function fileSink(name: string, { path, logFormat, omitEmptyValues = false }: FileSettings, config: EffectiveMeshConfig): LogSink {
  const file = { kind: 'file' as const, path: nonEmpty(path, '/dev/stdout') };
  if (name === BUILT_IN && logFormat === undefined && !omitEmptyValues) return { ...file, format: meshFormat(config) };
  const omit = omitEmptyValues ? { omitEmptyValues } : {};
  const { labels, text = '' } = logFormat ?? {};
  if (labels !== undefined) return { ...file, format: { json: Object.keys(labels).length === 0 ? DEFAULT_JSON_FORMAT : labels }, ...omit };
  return { ...file, format: { text: text === '' ? DEFAULT_TEXT_FORMAT : withNewline(text) }, ...omit };
}

function streamSink(kind: StreamLog['kind'], settings: StreamSettings, find: FindBackend): LogSink | undefined {
  const { service = '', port = 0, logName, filterStateObjectsToLog = [] } = settings;
  const backend = find(service, port);
  if (backend === undefined) return undefined;
  return {
    kind,
    backend,
    logName: nonEmpty(logName, kind === 'http-stream' ? 'http_envoy_accesslog' : 'tcp_envoy_accesslog'),
    filterState: filterStateObjectsToLog.length === 0 ? PEERS : filterStateObjectsToLog,
    requestHeaders: settings.additionalRequestHeadersToLog ?? [],
    responseHeaders: settings.additionalResponseHeadersToLog ?? [],
    responseTrailers: settings.additionalResponseTrailersToLog ?? [],
  };
}

const nonEmpty = (text: string | undefined, otherwise: string): string => (text === undefined || text === '' ? otherwise : text);
