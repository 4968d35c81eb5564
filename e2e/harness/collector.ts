/** The test's end of `collector/collector.mjs`: starts it and keeps what came in. */
import { join } from 'node:path';
import { checkout, node, start } from './processes.js';

export interface CollectedSpan {
  readonly via: 'grpc' | 'http';
  /** Attributes of the resource. */
  readonly resource: Readonly<Record<string, string>>;
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind: 'CLIENT' | 'SERVER';
  readonly failed: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface CollectedLog {
  readonly resource: Readonly<Record<string, string>>;
  readonly body: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An entry of Envoy's access log service. https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/accesslog/v3/accesslog.proto */
export interface CollectedEntry {
  readonly logName: string;
  readonly node: string;
  readonly kind: 'http' | 'tcp';
  readonly commonProperties?: {
    readonly upstreamCluster?: string;
    readonly routeName?: string;
    readonly responseFlags?: Readonly<Record<string, unknown>>;
  };
  readonly request?: { readonly path?: string; readonly authority?: string };
  readonly response?: { readonly responseCode?: { readonly value: number }; readonly responseCodeDetails?: string };
}

/** What came in so far. */
export interface Collector {
  readonly spans: readonly CollectedSpan[];
  readonly logs: readonly CollectedLog[];
  readonly entries: readonly CollectedEntry[];
  clear(): void;
}

/** Starts it `within` a network namespace, on an address of it. */
export async function startCollector(host: string, within: readonly string[]): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const logs: CollectedLog[] = [];
  const entries: CollectedEntry[] = [];
  const program = start({
    name: 'collector',
    command: node,
    args: [join(checkout, 'e2e/harness/collector/collector.mjs'), host],
    within,
    onLine(line) {
      const { span, log, entry } = JSON.parse(line) as { span?: CollectedSpan; log?: CollectedLog; entry?: CollectedEntry };
      if (span) spans.push(span);
      if (log) logs.push(log);
      if (entry) entries.push(entry);
    },
  });
  await program.waitFor(/"ready"/);
  return {
    spans,
    logs,
    entries,
    clear() {
      for (const list of [spans, logs, entries]) list.length = 0;
    },
  };
}
