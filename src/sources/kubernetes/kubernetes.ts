/**
 * The Kubernetes API as a source: every kind is listed and watched, and its objects become the same rows as a file's. The first transaction
 * comes when all kinds are known; after that changes are gathered for a quiet moment, as with files.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import type { AnyRow, KindInfo } from '../../api/kinds.js';
import type { Problem } from '../../api/problem.js';
import { keyOf } from '../../api/resource.js';
import type { ApiClient } from '../../kubernetes/api-client.js';
import type { ApiObject } from '../../kubernetes/api-object.js';
import { Discovery } from '../../kubernetes/discovery.js';
import type { LiveStatuses } from '../../kubernetes/live-statuses.js';
import { Reflector, type ReflectorSink } from '../../kubernetes/reflector.js';
import { Debounce, type DebounceOptions } from '../debounce.js';
import type { ReportingSource, RowWriter, SourceChange } from '../source.js';
import { KindStore } from './kind-store.js';
import { GROUPS, MULTI_CLUSTER, readKinds, selectionOf } from './kinds.js';
import { MeshSettings, type SettingsName } from './mesh-settings.js';
import { type OwnNames, REVISION } from './revision-tags.js';

export interface KubernetesOptions {
  readonly client: ApiClient;
  /** Name of a remote cluster; absent for the one whose configuration holds. */
  readonly cluster?: string;
  /** ConfigMap of mesh-wide settings; absent where they come from elsewhere. */
  readonly settings?: SettingsName;
  /** Configuration that names another revision (label istio.io/rev), or a tag of another, is left to it. */
  readonly names?: OwnNames;
  readonly debounce?: DebounceOptions;
  /** ServiceExports and ServiceImports count (SD-061); others need no right to read them. */
  readonly readsExports?: boolean;
  /** Is told of statuses, which rows don't have. */
  readonly live?: LiveStatuses;
}

export class KubernetesSource implements ReportingSource {
  readonly #stores: KindStore[] = [];
  readonly #unknown = new Set<KindInfo | OwnNames>();
  readonly #failures = new Map<string, string>();
  readonly #changed = new Map<string, { readonly kind: AnyRow['kind']; readonly key: string; readonly row: AnyRow | undefined }>();
  readonly #written = new Map<string, AnyRow>();
  readonly #listeners = new Set<(change: SourceChange) => void>();
  readonly #debounce: Debounce;
  #settings: MeshSettings | undefined;
  #rows: RowWriter | undefined;
  #isComplete = false;
  #told = '[]';

  /** Resolves with the first complete list, or when the source is stopped. */
  readonly complete: Promise<void>;
  #complete: () => void = () => undefined;

  constructor(private readonly options: KubernetesOptions) {
    this.complete = new Promise((resolve) => (this.#complete = resolve));
    this.#debounce = new Debounce((since) => this.#write(since), options.debounce);
  }

  /** Resolves when every kind was listed once and its rows are written; waits for as long as the server is away. */
  async start(rows: RowWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#rows = rows;
    signal.addEventListener('abort', () => this.#complete(), { once: true });
    signal.addEventListener('abort', () => this.#close(), { once: true });
    const discovery = new Discovery({ client: this.options.client, groups: GROUPS, onState: (error) => this.#state('discovery', error) });
    void discovery.start(signal).then(() => {
      // All of them first: one that the server does not have is known at once.
      const kinds = readKinds(this.options.cluster !== undefined, this.options.readsExports === true);
      for (const info of kinds) this.#unknown.add(info);
      this.#followNames(signal);
      for (const info of kinds) this.#follow(info, discovery, signal);
    });
    await this.complete;
  }

  /** What is wrong now: with objects, and with the way to the server. */
  problems(): readonly Problem[] {
    return [...this.#connection(), ...(this.#settings?.problems() ?? []), ...this.#stores.flatMap((store) => store.problems())];
  }

  /** Calls back after each transaction, and when problems came or went. Returns how to stop that. */
  onChange(listener: (change: SourceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What stands in the rows because of us, by kind and key. */
  get written(): ReadonlyMap<string, AnyRow> {
    return this.#written;
  }

  #close(): void {
    this.#debounce.close();
    this.#rows = undefined;
    this.options.client.close();
  }

  #follow(info: KindInfo, discovery: Discovery, signal: AbortSignal): void {
    const { client, cluster, names, live } = this.options;
    const version = (): string | undefined => discovery.version(info.group, info.versions, info.plural);
    const store = new KindStore({
      info,
      cluster,
      version: () => version() ?? info.versions[0]!,
      ...(names !== undefined && selectsByRevision(info) && { selection: { label: REVISION, has: (name: string) => names.has(name) } }),
      onRow: (key, row) => this.#change(info.kind, key, row),
      onKnown: () => this.#known(info),
      onProblems: () => this.#debounce.poke(),
    });
    this.#stores.push(store);
    const apiVersion = (): string => [info.group, version() ?? info.versions[0]].filter((part) => part !== '').join('/');
    const query = selectionOf(info);
    const reflector = new Reflector({
      client,
      resource: () => {
        const found = version();
        return found === undefined ? undefined : { group: info.group, version: found, plural: info.plural };
      },
      resourceChanged: (until) => changed(discovery, until),
      ...(query && { query }),
      sink: info.kind === 'ConfigMap' ? this.#withSettings(store) : (live?.beside(info.kind, store, apiVersion) ?? store),
      onState: (error) => this.#state(info.plural, error),
    });
    void reflector.run(signal);
  }

  #followNames(signal: AbortSignal): void {
    const { names } = this.options;
    if (names === undefined) return;
    this.#unknown.add(names);
    void names.known.then(() => this.#known(names));
    const stop = names.onChange(() => {
      for (const store of this.#stores) store.select();
    });
    signal.addEventListener('abort', stop, { once: true });
  }

  /** The settings are one of the ConfigMaps. */
  #withSettings(store: KindStore): ReflectorSink {
    if (this.options.settings === undefined) return store;
    const settings = new MeshSettings(this.options.settings, (kind, row) => this.#change(kind, '/mesh', row));
    this.#settings = settings;
    const update = (object: ApiObject | undefined): void => {
      settings.update(object);
      this.#debounce.poke();
    };
    return {
      replace: (objects) => {
        update(objects.find((object) => settings.is(object)));
        store.replace(objects);
      },
      set: (object) => {
        if (settings.is(object)) update(object);
        store.set(object);
      },
      remove: (object) => {
        if (settings.is(object)) update(undefined);
        store.remove(object);
      },
    };
  }

  #change(kind: AnyRow['kind'], key: string, row: AnyRow | undefined): void {
    this.#changed.set(`${kind} ${key}`, { kind, key, row });
    if (this.#isComplete) this.#debounce.poke();
  }

  #known(info: KindInfo | OwnNames): void {
    if (!this.#unknown.delete(info) || this.#unknown.size > 0 || this.#isComplete) return;
    this.#isComplete = true;
    this.#write();
    this.#complete();
  }

  #state(what: string, error: Error | undefined): void {
    if (this.#failures.get(what) === error?.message) return;
    if (error === undefined) this.#failures.delete(what);
    else this.#failures.set(what, error.message);
    this.#debounce.poke();
  }

  #connection(): readonly Problem[] {
    if (this.#failures.size === 0) return [];
    const byMessage = new Map<string, string[]>();
    for (const [what, message] of this.#failures) byMessage.set(message, [...(byMessage.get(message) ?? []), what]);
    const from = this.options.cluster === undefined ? 'the Kubernetes API' : `the Kubernetes API of cluster ${this.options.cluster}`;
    const kept = this.#isComplete ? '; what was read last stays in force' : '';
    return [...byMessage].map(([message, whats]) => ({
      severity: 'error',
      code: 'kubernetes-api',
      message: `${from}: ${whats.length > 3 ? `${whats.length} kinds` : whats.join(', ')} can't be followed: ${message}${kept}`,
    }));
  }

  #write(since = performance.now()): void {
    const writer = this.#rows;
    if (writer === undefined) return;
    const readAt = performance.now();
    const changes = this.#isComplete ? [...this.#changed.values()] : [];
    if (this.#isComplete) this.#changed.clear();
    const set: AnyRow[] = [];
    const deleted: AnyRow[] = [];
    for (const { kind, key, row } of changes) {
      const identity = `${kind} ${key}`;
      const old = this.#written.get(identity);
      if (row !== undefined) {
        this.#written.set(identity, row);
        set.push(row);
      } else if (old !== undefined) {
        this.#written.delete(identity);
        deleted.push(old);
      }
    }
    if (set.length + deleted.length > 0) {
      writer.transaction(
        () => {
          for (const row of deleted) writer.delete(row.kind, keyOf(row));
          for (const row of set) writer.set(row);
        },
        { since, readAt, set, deleted },
      );
    }
    const problems = this.problems();
    const told = JSON.stringify(problems);
    if (set.length + deleted.length === 0 && told === this.#told) return;
    this.#told = told;
    for (const listener of this.#listeners) listener({ set, deleted, problems });
  }
}

/** Gateways are served whoever's they are: of two revisions both serve one whose label moves, until its pods have moved. Exports are the cluster's. */
const selectsByRevision = ({ native, kind, group }: KindInfo): boolean => !native && kind !== 'K8sGateway' && group !== MULTI_CLUSTER;

/** Resolves when discovery has something new to say, or the signal aborts. */
function changed(discovery: Discovery, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = discovery.onChange(done);
    signal.addEventListener('abort', done, { once: true });
  });
}
