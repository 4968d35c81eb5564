/**
 * Sends spans to an OpenTelemetry collector. Off unless an endpoint is named; the SDK is loaded only then. Everything beside the endpoint is
 * set as for any OpenTelemetry program: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS ….
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
import type { Tracer } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

export interface OtlpOptions {
  /** Base URL, to which /v1/traces is added over HTTP. @default what OTEL_EXPORTER_OTLP_* say */
  readonly endpoint?: string;
  readonly version: string;
  /** Told when spans could not be sent; they are lost. */
  readonly onError: (error: unknown) => void;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A tracer whose spans are sent in batches. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what waits, for a moment, and ends. */
  close(): Promise<void>;
}

/** A collector that is away must not keep the control plane from ending. */
const CLOSE_MS = 2_000;

type Protocol = 'http/protobuf' | 'grpc';

/** Undefined when no endpoint is named, or OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER say so. Throws for a protocol that is not spoken. */
export async function startTracing({ endpoint, version, onError, env = process.env }: OtlpOptions): Promise<Tracing | undefined> {
  const named = endpoint ?? env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const exporters = env['OTEL_TRACES_EXPORTER'];
  if (!named || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || exporters === 'none') return undefined;
  const exporter = await createExporter(protocolOf(env), endpoint);
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { detectResources, envDetector, resourceFromAttributes } = await import('@opentelemetry/resources');
  const own = resourceFromAttributes({ 'service.name': 'mizzen', 'service.version': version });
  const provider = new BasicTracerProvider({
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(tellingErrors(exporter, onError))],
  });
  return { tracer: provider.getTracer('mizzen', version), close: () => inTime(provider.shutdown().catch(onError)) };
}

function protocolOf(env: Readonly<Record<string, string | undefined>>): Protocol {
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'grpc') return protocol;
  throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL ${JSON.stringify(protocol)}: spans are sent by http/protobuf or grpc`);
}

async function createExporter(protocol: Protocol, endpoint: string | undefined): Promise<SpanExporter> {
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter(endpoint === undefined ? {} : { url: endpoint });
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter(endpoint === undefined ? {} : { url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
}

const tellingErrors = (exporter: SpanExporter, onError: (error: unknown) => void): SpanExporter => ({
  export: (spans: ReadableSpan[], done) =>
    exporter.export(spans, (result) => {
      if (result.error !== undefined) onError(result.error);
      done(result);
    }),
  shutdown: () => exporter.shutdown(),
  ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
});

async function inTime(done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([done, new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))]);
  clearTimeout(timer);
}
