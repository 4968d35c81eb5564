/** Changes of configuration as traces, where a collector is named. */
import type { Logger } from '../telemetry/log.js';
import { startTracing } from '../telemetry/otlp.js';
import type { Changes } from './changes.js';
import { PushSpans } from './push-spans.js';

export interface TraceOptions {
  /** Absent: what OTEL_* variables say, and nothing without them. */
  readonly otlpEndpoint: string | undefined;
  readonly log: Logger;
  readonly version: string;
}

/** Undefined where nothing is traced. */
export async function traceChanges(
  changes: Changes,
  { otlpEndpoint, log, version }: TraceOptions,
): Promise<{ close(): void | Promise<void> } | undefined> {
  const onError = (error: unknown): void => log.warn({ err: error }, 'spans could not be sent; they are lost');
  const tracing = await startTracing({ version, onError, ...(otlpEndpoint !== undefined && { endpoint: otlpEndpoint }) });
  if (tracing === undefined) return undefined;
  changes.observe(new PushSpans(tracing.tracer, await import('@opentelemetry/api')));
  log.info('changes are traced');
  return tracing;
}
