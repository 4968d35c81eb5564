/** The file source bound to the mesh: its transactions become revisions of the graph, its problems log lines and something to look at. */
import { formatProblem, type Problem } from '../api/problem.js';
import type { Mesh } from '../model/mesh.js';
import { type FilesOptions, FilesSource } from '../sources/files.js';
import type { RowWriter, SourceChange } from '../sources/source.js';
import type { Logger } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';

/** What a {@link ConfigLoader} is made of. */
export interface ConfigLoaderParts {
  readonly mesh: Mesh;
  readonly files: FilesOptions;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export class ConfigLoader {
  readonly #source: FilesSource;
  readonly #stop = new AbortController();
  #told = new Set<string>();

  constructor(private readonly parts: ConfigLoaderParts) {
    this.#source = new FilesSource(parts.files);
  }

  /** What is wrong with the files at present. */
  problems(): readonly Problem[] {
    return this.#source.problems();
  }

  /** Loads all files; from then on changes are taken over. */
  async start(): Promise<void> {
    const { mesh, metrics } = this.parts;
    const { graph, rows } = mesh;
    this.#source.onChange((change) => this.#changed(change));
    const writer: RowWriter = {
      transaction(write: () => void): void {
        const begun = performance.now();
        graph.transaction(write);
        metrics.pushContextInit.observe((performance.now() - begun) / 1000);
      },
      set: (row) => rows.of(row.kind).set(row as never),
      delete: (kind, key) => rows.of(kind).delete(key),
    };
    await this.#source.start(writer, this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
  }

  #changed({ set, deleted, problems }: SourceChange): void {
    this.#tell(problems);
    if (set.length + deleted.length === 0) return;
    this.parts.metrics.inboundUpdates.inc({ type: 'config' });
    this.parts.metrics.pushTriggers.inc({ type: 'config' });
    this.parts.log.info({ set: set.length, deleted: deleted.length, revision: this.parts.mesh.graph.revision }, 'configuration taken over');
  }

  /** Each problem is logged once while it lasts. */
  #tell(problems: readonly Problem[]): void {
    const texts = new Map(problems.map((problem) => [formatProblem(problem), problem]));
    for (const [text, { severity, code }] of texts) {
      if (!this.#told.has(text)) this.parts.log[severity === 'error' ? 'error' : 'warn']({ code }, text);
    }
    this.#told = new Set(texts.keys());
  }
}
