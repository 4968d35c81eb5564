/** The sources, one for each cluster, bound to the mesh: their transactions become revisions of the graph, their problems log lines and something to look at. */
import { formatProblem, type Problem } from '../api/problem.js';
import { keyOf } from '../api/resource.js';
import type { Mesh } from '../model/mesh.js';
import type { ReportingSource, RowWriter, SourceChange } from '../sources/source.js';
import type { ConfigInstruments } from '../telemetry/config-instruments.js';
import type { Logger } from '../telemetry/log.js';
import type { Changes } from './changes.js';
import { countDelete, countProblem, countSet } from './config-events.js';
import { hostProblems } from './host-problems.js';

/** A source and the remote cluster that it is of; undefined for the one whose configuration holds. */
export interface ClusterSource {
  readonly cluster?: string | undefined;
  readonly source: ReportingSource;
}

/** What a {@link ConfigLoader} is made of. */
export interface ConfigLoaderParts {
  readonly mesh: Mesh;
  /** The cluster whose configuration holds first. */
  readonly sources: readonly ClusterSource[];
  readonly log: Logger;
  readonly metrics: ConfigInstruments;
  readonly changes: Changes;
}

export class ConfigLoader {
  readonly #writer: RowWriter;
  readonly #stop = new AbortController();
  #told = new Set<string>();

  constructor(private readonly parts: ConfigLoaderParts) {
    this.#writer = writerOf(parts);
  }

  /** What is wrong with the sources at present, each by itself and in what they claim of others' hosts. */
  problems(): readonly Problem[] {
    return [...this.parts.sources.flatMap(({ source }) => source.problems()), ...hostProblems(this.parts.mesh)];
  }

  /** Loads everything; from then on changes are taken over. */
  async start(): Promise<void> {
    await Promise.all(
      this.parts.sources.map(({ cluster, source }) => {
        source.onChange((change) => this.#changed(change, cluster));
        return source.start(this.#writer, this.#stop.signal);
      }),
    );
  }

  close(): void {
    this.#stop.abort();
  }

  #changed({ set, deleted }: SourceChange, cluster: string | undefined): void {
    this.#tell(this.problems());
    if (set.length + deleted.length === 0) return;
    const of = cluster === undefined ? {} : { cluster };
    this.parts.log.info({ ...of, set: set.length, deleted: deleted.length, revision: this.parts.mesh.graph.revision }, 'configuration taken over');
  }

  /** Each problem is logged once while it lasts. */
  #tell(problems: readonly Problem[]): void {
    const texts = new Map(problems.map((problem) => [formatProblem(problem), problem]));
    for (const [text, problem] of texts) {
      const { severity, code } = problem;
      if (this.#told.has(text)) continue;
      if (severity === 'error') countProblem(this.parts.metrics, problem);
      this.parts.log[severity === 'error' ? 'error' : 'warn']({ code }, text);
    }
    this.#told = new Set(texts.keys());
  }
}

/** Each transaction of a source is one of the graph. */
function writerOf({ mesh: { graph, rows }, metrics, changes }: ConfigLoaderParts): RowWriter {
  return {
    transaction: (write, timing) =>
      changes.write(timing, () =>
        graph.transaction(() => {
          write();
          rows.discovered.settle();
        }),
      ),
    set(row) {
      countSet(metrics, row, rows.of(row.kind).get(keyOf(row)) !== undefined);
      rows.discovered.set(row);
    },
    delete(kind, key) {
      countDelete(metrics, kind);
      rows.discovered.delete(kind, key);
    },
  };
}
