/**
 * Remote clusters by Secrets with the label `istio/multiCluster=true` (CL-001): each key is the name of a cluster, its value a kubeconfig. Clusters
 * come, change and go while we run; one that can't be reached keeps what was read of it last.
 * https://istio.io/latest/docs/setup/install/multicluster/
 */
import type { AnyRow } from '../../api/kinds.js';
import type { Problem } from '../../api/problem.js';
import { keyOf } from '../../api/resource.js';
import type { ApiClient } from '../../kubernetes/api-client.js';
import { asError } from '../../kubernetes/api-error.js';
import { type ApiObject, objectKey } from '../../kubernetes/api-object.js';
import { pause } from '../../kubernetes/back-off.js';
import { connectWith } from '../../kubernetes/connect.js';
import { kubeconfigProblem } from '../../kubernetes/kubeconfig-check.js';
import { Reflector } from '../../kubernetes/reflector.js';
import type { DebounceOptions } from '../debounce.js';
import type { ReportingSource, RowWriter, SourceChange } from '../source.js';
import { KubernetesSource } from './kubernetes.js';
import type { OwnNames } from './revision-tags.js';

export interface RemoteClustersOptions {
  /** Where the Secrets are. */
  readonly client: ApiClient;
  readonly namespace: string;
  /** Names that no Secret may take: our own cluster's, and those of files. */
  readonly taken: readonly string[];
  readonly debounce?: DebounceOptions;
  /** As of {@link KubernetesSource}. */
  readonly readsExports?: boolean;
  /** As of {@link KubernetesSource}: tags of our own cluster count. */
  readonly names?: OwnNames;
  /** Told of the way to a cluster, and of undefined when it is gone. */
  readonly onCluster?: (cluster: string, client: ApiClient | undefined) => void;
  /** How long the start waits for clusters that there are from the beginning. @default 30000 */
  readonly patienceMs?: number;
  /** For tests. @default connectWith */
  readonly connect?: (kubeconfig: string) => Promise<ApiClient>;
}

const LABEL = 'istio/multiCluster=true';
const PATIENCE_MS = 30_000;

interface Wanted {
  readonly secret: string;
  readonly kubeconfig: string;
}
interface Running extends Wanted {
  readonly source: KubernetesSource;
  /** Rows of a source before this one, until this one knows better. */
  readonly stale: ReadonlyMap<string, AnyRow>;
  readonly stop: AbortController;
}

export class RemoteClusters implements ReportingSource {
  readonly #secrets = new Map<string, ApiObject>();
  readonly #running = new Map<string, Running>();
  readonly #listeners = new Set<(change: SourceChange) => void>();
  #refused: readonly Problem[] = [];
  #unreachable: Problem | undefined;
  #rows: RowWriter | undefined;
  /** Changes of Secrets are worked off one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(private readonly options: RemoteClustersOptions) {}

  /** Resolves when all clusters that there are now were read, or after the patience is over. */
  async start(rows: RowWriter, signal: AbortSignal): Promise<void> {
    this.#rows = rows;
    signal.addEventListener('abort', () => this.#close(), { once: true });
    const late = pause(this.options.patienceMs ?? PATIENCE_MS, signal);
    const listed = new Promise<void>((resolve) => this.#follow(signal, resolve));
    await Promise.race([listed.then(() => this.#work).then(() => this.#complete()), late]);
  }

  problems(): readonly Problem[] {
    const own = this.#unreachable === undefined ? this.#refused : [this.#unreachable, ...this.#refused];
    return [...own, ...[...this.#running.values()].flatMap(({ source }) => source.problems())];
  }

  onChange(listener: (change: SourceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Names of the clusters that there are now. */
  clusters(): readonly string[] {
    return [...this.#running.keys()].sort();
  }

  async #complete(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ source }) => source.complete));
  }

  #close(): void {
    for (const { stop } of this.#running.values()) stop.abort();
    this.#rows = undefined;
  }

  #follow(signal: AbortSignal, onListed: () => void): void {
    const { client, namespace } = this.options;
    const changed = (): void => void (this.#work = this.#work.then(() => this.#settle()));
    const reflector = new Reflector({
      client,
      resource: () => ({ group: '', version: 'v1', plural: 'secrets', namespace }),
      query: { labelSelector: LABEL },
      sink: {
        replace: (objects) => {
          this.#secrets.clear();
          for (const object of objects) this.#secrets.set(objectKey(object), object);
          changed();
          onListed();
        },
        set: (object) => {
          this.#secrets.set(objectKey(object), object);
          changed();
        },
        remove: (object) => {
          this.#secrets.delete(objectKey(object));
          changed();
        },
      },
      onState: (error) => {
        const message = `Secrets of remote clusters can't be followed: ${error?.message}; the clusters stay as they are`;
        this.#unreachable = error === undefined ? undefined : { severity: 'error', code: 'kubernetes-api', message };
        this.#tell({ set: [], deleted: [] });
      },
    });
    void reflector.run(signal);
  }

  /** Makes what runs what the Secrets say. */
  async #settle(): Promise<void> {
    if (this.#rows === undefined) return;
    const { wanted, refused } = this.#wanted();
    this.#refused = refused;
    for (const [cluster, running] of this.#running) if (!wanted.has(cluster)) this.#remove(cluster, running);
    for (const [cluster, one] of wanted) {
      const old = this.#running.get(cluster);
      if (old?.kubeconfig !== one.kubeconfig) await this.#put(cluster, one, old);
    }
    this.#tell({ set: [], deleted: [] });
  }

  /** Each cluster once, by the first Secret that names it. One whose kubeconfig broke stays as it was. */
  #wanted(): { wanted: Map<string, Wanted>; refused: readonly Problem[] } {
    const wanted = new Map<string, Wanted>();
    const refused: Problem[] = [];
    for (const [secret, { metadata, data }] of [...this.#secrets].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const [cluster, value] of Object.entries((data ?? {}) as Record<string, string>)) {
        const kubeconfig = Buffer.from(value, 'base64').toString();
        const taken = wanted.get(cluster)?.secret ?? (this.options.taken.includes(cluster) ? 'this control plane' : undefined);
        const problem = taken === undefined ? kubeconfigProblem(kubeconfig) : `cluster ${cluster} is described by ${taken} already`;
        const old = this.#running.get(cluster);
        if (problem === undefined) wanted.set(cluster, { secret, kubeconfig });
        else if (taken === undefined && old?.secret === secret) wanted.set(cluster, old);
        if (problem !== undefined) refused.push(refusal(metadata, cluster, problem));
      }
    }
    return { wanted, refused };
  }

  async #put(cluster: string, wanted: Wanted, old: Running | undefined): Promise<void> {
    const rows = this.#rows;
    if (rows === undefined) return;
    const { debounce, readsExports = false, names, connect = connectWith, onCluster } = this.options;
    let client: ApiClient;
    try {
      client = await connect(wanted.kubeconfig);
    } catch (error) {
      const [namespace = '', name = ''] = wanted.secret.split('/');
      this.#refused = [...this.#refused, refusal({ namespace, name }, cluster, asError(error).message)];
      return;
    }
    old?.stop.abort();
    const source = new KubernetesSource({ client, cluster, readsExports, ...(names && { names }), ...(debounce && { debounce }) });
    const stale = new Map([...(old?.stale ?? []), ...(old?.source.written ?? [])]);
    const running = { ...wanted, source, stale, stop: new AbortController() };
    this.#running.set(cluster, running);
    onCluster?.(cluster, client);
    source.onChange((change) => this.#tell(change));
    void source.start(rows, running.stop.signal).then(() => {
      if (running.stop.signal.aborted) return;
      this.#delete([...stale].flatMap(([id, row]) => (source.written.has(id) ? [] : [row])));
      stale.clear();
    });
  }

  #remove(cluster: string, { source, stale, stop }: Running): void {
    stop.abort();
    this.#running.delete(cluster);
    this.options.onCluster?.(cluster, undefined);
    this.#delete([...new Map([...stale, ...source.written]).values()]);
  }

  #delete(deleted: readonly AnyRow[]): void {
    const rows = this.#rows;
    if (rows === undefined || deleted.length === 0) return;
    rows.transaction(() => {
      for (const row of deleted) rows.delete(row.kind, keyOf(row));
    });
    this.#tell({ set: [], deleted });
  }

  #tell({ set, deleted }: Pick<SourceChange, 'set' | 'deleted'>): void {
    for (const listener of this.#listeners) listener({ set, deleted, problems: this.problems() });
  }
}

const refusal = ({ namespace = '', name }: { readonly namespace?: string; readonly name: string }, cluster: string, message: string): Problem => ({
  severity: 'error',
  code: 'remote-cluster',
  message,
  field: `data[${JSON.stringify(cluster)}]`,
  resource: { kind: 'Secret', namespace, name },
});
