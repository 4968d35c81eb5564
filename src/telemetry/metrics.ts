/**
 * Every metric that the server has, declared in this one place: istiod's names where they mean the same (MT-001 to MT-003, MT-005), so that
 * its dashboards work, and `mizzen_*` for what only we have. Counting costs no look-up: the series of a type are bound once.
 * https://istio.io/latest/docs/reference/commands/pilot-discovery/#metrics
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 5, 10, 20, 30];
const BYTES = [1e3, 1e4, 1e5, 1e6, 4e6, 1e7, 4e7];

/** What is looked up only when somebody scrapes. */
export interface ScrapedState {
  readonly services: number;
  readonly virtualServices: number;
  readonly configErrors: number;
  /** When root and signing certificate end, in seconds since the epoch. */
  readonly rootExpiry: number;
  readonly chainExpiry: number;
  readonly graph: {
    readonly revision: number;
    readonly runs: number;
    readonly memos: number;
    readonly edges: number;
    readonly cells: number;
    readonly idle: number;
    readonly watches: number;
    readonly rows: Readonly<Record<string, number>>;
  };
}

/** What is counted for one resource type. */
export interface TypeMetrics {
  pushed(seconds: number, bytes: number): void;
  rejected(proxy: string): void;
  /** The proxy accepts this type again, or left. */
  recovered(proxy: string): void;
  expiredNonce(): void;
}

/** All metrics of one server. */
export class Metrics {
  readonly registry = new Registry();
  readonly #types = new Map<string, TypeMetrics>();
  readonly #in = { registers: [this.registry] };

  /** One transaction: rows written and everybody told. */
  readonly pushContextInit = this.#histogram('pilot_pushcontext_init_seconds', 'Time in seconds that a configuration transaction took.');
  readonly proxies = new Gauge({ ...this.#in, name: 'pilot_xds', help: 'Proxies connected over xDS.' });
  readonly pushTriggers = this.#counter('pilot_push_triggers', 'Times that a push was triggered, by cause.', ['type']);
  readonly inboundUpdates = this.#counter('pilot_inbound_updates', 'Configuration updates received.', ['type']);
  readonly internalErrors = this.#counter('pilot_total_xds_internal_errors', 'Internal xDS errors.');
  readonly writeTimeouts = this.#counter('pilot_xds_write_timeout', 'Streams closed because the proxy took no bytes.');
  readonly certificates = this.#counter('citadel_server_success_cert_issuance_count', 'Certificates issued.');
  readonly authenticationFailures = this.#counter('citadel_server_authentication_failure_count', 'Peers refused for bad or missing credentials.');
  readonly csrs = this.#counter('citadel_server_csr_count', 'Certificate requests received.');
  readonly csrParsingErrors = this.#counter(
    'citadel_server_csr_parsing_err_count',
    'Certificate requests that could not be read or have a weak key.',
  );
  readonly csrSignErrors = this.#counter(
    'citadel_server_csr_sign_err_count',
    'Certificate requests that were not signed, for their lifetime or a failure.',
  );
  readonly idExtractionErrors = this.#counter(
    'citadel_server_id_extraction_err_count',
    'Certificate requests of callers whose identity can have no certificate.',
  );
  readonly refusedStreams = this.#counter('mizzen_xds_refused_streams_total', 'Streams refused before the proxy was accepted, by gRPC status.', [
    'status',
  ]);
  readonly secretsRefused = this.#counter('mizzen_xds_secrets_refused_total', 'Requests for secrets over plaintext, answered with nothing.');
  readonly #pushes = this.#counter('pilot_xds_pushes', 'Responses sent to proxies, by type.', ['type']);
  readonly #pushTime = this.#histogram('pilot_xds_push_time', 'Time in seconds from a change or request to the response.', SECONDS, ['type']);
  readonly #convergence = this.#histogram('pilot_proxy_convergence_time', 'Delay in seconds between a change and a proxy having been sent it.');
  readonly #sizes = this.#histogram('pilot_xds_config_size_bytes', 'Size of responses in bytes.', BYTES, ['type']);
  readonly #rejects = this.#counter('pilot_total_xds_rejects', 'Responses that proxies refused, by type.', ['type']);
  readonly #expiredNonces = this.#counter('pilot_xds_expired_nonce', 'Requests with an outdated nonce, by type.', ['type']);

  constructor(version: string) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({ ...this.#in, name: 'mizzen_build_info', help: 'Version of the control plane.', labelNames: ['version'] }).set({ version }, 1);
  }

  /** The series of one short type: cds, eds, lds, rds, sds. */
  type(type: string): TypeMetrics {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const pushes = this.#pushes.labels(type);
    const pushTime = this.#pushTime.labels(type);
    const sizes = this.#sizes.labels(type);
    const rejects = this.#rejects.labels(type);
    const expired = this.#expiredNonces.labels(type);
    const rejecting = new Gauge({
      ...this.#in,
      name: `pilot_xds_${type}_reject`,
      help: `Proxies that refused their last ${type.toUpperCase()} response.`,
      labelNames: ['node'],
    });
    const made: TypeMetrics = {
      pushed: (seconds, bytes) => {
        pushes.inc();
        pushTime.observe(seconds);
        this.#convergence.observe(seconds);
        sizes.observe(bytes);
      },
      rejected: (proxy) => {
        rejects.inc();
        rejecting.set({ node: proxy }, 1);
      },
      recovered: (proxy) => rejecting.remove({ node: proxy }),
      expiredNonce: () => expired.inc(),
    };
    this.#types.set(type, made);
    return made;
  }

  /** Declares the gauges that are read from the server's state at each scrape. */
  scrape(state: () => ScrapedState): void {
    let now: ScrapedState | undefined;
    // The gauges of one scrape share one look at the state; it walks the graph.
    const current = (): ScrapedState => {
      if (now === undefined) setImmediate(() => (now = undefined));
      return (now ??= state());
    };
    const gauge = (name: string, help: string, read: (state: ScrapedState) => number): void => {
      new Gauge({
        ...this.#in,
        name,
        help,
        collect() {
          this.set(read(current()));
        },
      });
    };
    gauge('pilot_services', 'Services known.', (s) => s.services);
    gauge('pilot_virt_services', 'VirtualServices known.', (s) => s.virtualServices);
    gauge(
      'pilot_total_rejected_configs',
      'Errors in the configuration at present; the resources named keep their last good state.',
      (s) => s.configErrors,
    );
    gauge('citadel_server_root_cert_expiry_timestamp', 'When the root certificate ends, in seconds since the epoch.', (s) => s.rootExpiry);
    gauge('citadel_server_root_cert_expiry_seconds', 'Seconds until the root certificate ends.', (s) => s.rootExpiry - Date.now() / 1000);
    gauge('citadel_server_cert_chain_expiry_timestamp', 'When the signing certificate ends, in seconds since the epoch.', (s) => s.chainExpiry);
    gauge('citadel_server_cert_chain_expiry_seconds', 'Seconds until the signing certificate ends.', (s) => s.chainExpiry - Date.now() / 1000);
    gauge('mizzen_graph_revision', 'Transactions that changed something.', (s) => s.graph.revision);
    gauge('mizzen_graph_runs', 'Computations since start.', (s) => s.graph.runs);
    gauge('mizzen_graph_memos', 'Query values in memory.', (s) => s.graph.memos);
    gauge('mizzen_graph_edges', 'Recorded reads in memory.', (s) => s.graph.edges);
    gauge('mizzen_graph_cells', 'Read records of rows and indexes in memory.', (s) => s.graph.cells);
    gauge('mizzen_graph_idle', 'Values that nobody uses at present.', (s) => s.graph.idle);
    gauge('mizzen_graph_watches', 'Watched values.', (s) => s.graph.watches);
    new Gauge({
      ...this.#in,
      name: 'mizzen_graph_rows',
      help: 'Rows, by collection.',
      labelNames: ['collection'],
      collect() {
        for (const [collection, count] of Object.entries(current().graph.rows)) this.set({ collection }, count);
      },
    });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ ...this.#in, name, help, labelNames: [...labelNames] });
  }

  #histogram<L extends string>(name: string, help: string, buckets: number[] = SECONDS, labelNames: readonly L[] = []): Histogram<L> {
    return new Histogram({ ...this.#in, name, help, buckets, labelNames: [...labelNames] });
  }
}
