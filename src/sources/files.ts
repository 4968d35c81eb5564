/**
 * The file source: folders and files of YAML or JSON → rows, kept up to date. One quiet moment after changes → one transaction.
 * A file that breaks keeps its last good rows; see config-file.ts. https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
 */
import { readFileSync } from 'node:fs';
import { normalize } from 'node:path';
import type { AnyRow } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';
import { keyOf } from '../api/resource.js';
import type { ParseLimits } from '../yaml/parse-yaml.js';
import { onlyAddsEndpoints } from './added-endpoints.js';
import { ConfigFile } from './config-file.js';
import { DEFAULT_DEBOUNCE, Debounce, type DebounceOptions } from './debounce.js';
import { listFiles, unreadable } from './list-files.js';
import { mergeFiles } from './merge-files.js';
import { MeshConfigFile } from './mesh-config-file.js';
import type { ReportingSource, RowWriter, SourceChange, WriteCause } from './source.js';
import { PathWatcher } from './watch.js';

export interface FilesOptions {
  /** Files and folders; of equal resources the one in the earlier path wins. */
  readonly paths: readonly string[];
  /** File of mesh-wide settings. */
  readonly meshConfig?: string;
  readonly debounce?: DebounceOptions;
  readonly limits?: ParseLimits;
  /** Remote cluster that the paths describe; absent for the one whose configuration holds. */
  readonly cluster?: string;
}

/** A file that is gone or empty is looked at again after this time: some editors empty or remove a file before they write it. */
const GRACE_MS = 50;

/** Reading a larger file twice costs more than the quiet moment. */
const HURRY_CHARACTERS = 128 << 10;

interface Entry {
  readonly file: ConfigFile | MeshConfigFile;
  text: string | undefined;
  /** When the file was first seen gone or empty. */
  missingSince: number | undefined;
}

export class FilesSource implements ReportingSource {
  readonly #paths: readonly string[];
  readonly #meshPath: string | undefined;
  readonly #files = new Map<string, Entry>();
  readonly #changed = new Set<string>();
  readonly #listeners = new Set<(change: SourceChange) => void>();
  readonly #debounce: Debounce;
  readonly #watcher: PathWatcher;
  /** When something was last written, or looked at. */
  #ranAt = 0;
  #graceTimer: NodeJS.Timeout | undefined;
  /** What is to be listed anew: nothing, the files that came, or everything with a look into each file. */
  #rescan: 'nothing' | 'files' | 'everything' = 'everything';
  #listing: readonly Problem[] = [];
  #problems: readonly Problem[] = [];
  #written = new Map<string, AnyRow>();
  #rows: RowWriter | undefined;
  #timing: Pick<WriteCause, 'since' | 'readAt'> = { since: 0, readAt: 0 };

  constructor(private readonly options: FilesOptions) {
    const clean = (path: string): string => normalize(path).replace(/(?<=.)\/$/, '');
    this.#paths = options.paths.map(clean);
    this.#meshPath = options.meshConfig === undefined ? undefined : clean(options.meshConfig);
    this.#debounce = new Debounce((since) => this.#run(since), options.debounce);
    const watched = this.#meshPath === undefined ? this.#paths : [...this.#paths, this.#meshPath];
    this.#watcher = new PathWatcher(watched, (path, isReplaced) => this.#event(path, isReplaced));
  }

  start(rows: RowWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.#rows = rows;
    signal.addEventListener('abort', () => this.#close(), { once: true });
    // Watch first: what is written while the first listing runs is then not missed.
    this.#watcher.refresh();
    this.#run(performance.now());
    return Promise.resolve();
  }

  /** What is wrong now, in path order. */
  problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Calls back after each transaction, and when problems came or went. Returns how to stop that. */
  onChange(listener: (change: SourceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #close(): void {
    this.#watcher.close();
    this.#debounce.close();
    clearTimeout(this.#graceTimer);
    this.#rows = undefined;
  }

  #event(path: string | undefined, isReplaced: boolean): void {
    if (path !== undefined && isReplaced && this.#hurry(path)) return;
    // A file that is not known yet needs its place in path order.
    if (path !== undefined && this.#files.has(path)) this.#changed.add(path);
    else if (path === undefined) this.#rescan = 'everything';
    else if (this.#rescan === 'nothing') this.#rescan = 'files';
    this.#debounce.poke();
  }

  /** Writes at once what does not have to wait for the quiet moment: endpoints that came, in a file that was replaced whole, after some quiet. */
  #hurry(path: string): boolean {
    const now = performance.now();
    const { quiet } = this.options.debounce ?? DEFAULT_DEBOUNCE;
    const entry = this.#files.get(path);
    if (this.#rows === undefined || this.#debounce.isPending || now - this.#ranAt < quiet || !(entry?.file instanceof ConfigFile)) return false;
    const text = textOf(path);
    if (text === undefined || text === '' || text.length > HURRY_CHARACTERS || text === entry.text) return false;
    const before = entry.file.state.rows;
    const next = entry.file.with(text);
    if (next.state.problems.length > 0 || !onlyAddsEndpoints(before, next.state.rows, (identity) => this.#written.has(identity))) return false;
    this.#timing = { since: now, readAt: performance.now() };
    this.#ranAt = now;
    this.#files.set(path, { file: next, text, missingSince: undefined });
    if (!this.#writeFew([{ path, rows: before }])) this.#debounce.poke();
    return true;
  }

  #run(since: number): void {
    if (this.#rows === undefined) return;
    this.#ranAt = performance.now();
    this.#timing = { since, readAt: performance.now() };
    const rescan = this.#rescan;
    const changed = new Set(this.#changed);
    this.#rescan = 'nothing';
    this.#changed.clear();
    const known = new Set(this.#files.keys());
    if (rescan !== 'nothing') this.#list();
    if (rescan === 'everything') {
      for (const path of this.#files.keys()) this.#read(path);
      this.#watcher.refresh();
      return this.#write();
    }
    if (rescan === 'files') for (const path of this.#files.keys()) if (!known.has(path)) changed.add(path);
    const before = [...changed].map((path) => ({ path, rows: rowsOf(this.#files.get(path)) }));
    for (const path of changed) this.#read(path);
    if (!this.#writeFew(before)) this.#write();
  }

  /** Puts the files that there are into path order. One that is gone stays for its grace time, all of a path that can't be read stay. */
  #list(): void {
    const { files, problems } = listFiles(this.#paths);
    this.#listing = problems;
    const listed = new Set(files);
    const lost = problems.map((problem) => problem.location!.file);
    const kept = [...this.#files.keys()].filter((path) => {
      const entry = this.#files.get(path)!;
      if (!(entry.file instanceof ConfigFile) || listed.has(path)) return false;
      return entry.text !== undefined && (lost.some((root) => path === root || path.startsWith(`${root}/`)) || !this.#overdue(entry));
    });
    const old = new Map(this.#files);
    this.#files.clear();
    for (const path of [...files, ...kept]) this.#files.set(path, old.get(path) ?? entryOf(new ConfigFile(path, this.options)));
    const mesh = this.#meshPath;
    if (mesh !== undefined)
      this.#files.set(mesh, old.get(mesh)?.file instanceof MeshConfigFile ? old.get(mesh)! : entryOf(new MeshConfigFile(mesh, this.options.limits)));
  }

  #read(path: string): void {
    const entry = this.#files.get(path);
    if (entry === undefined) return;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (isGone(error) && !this.#overdue(entry)) return this.#lookAgain(path);
      if (isGone(error) && entry.file instanceof ConfigFile && !this.#listing.some((problem) => path.startsWith(problem.location!.file))) {
        this.#files.delete(path);
        return;
      }
      entry.text = undefined;
      entry.file.fail(unreadable(path, error));
      return;
    }
    if (text === '' && (entry.text ?? '') !== '' && !this.#overdue(entry)) return this.#lookAgain(path);
    entry.missingSince = undefined;
    if (text === entry.text) return;
    entry.text = text;
    entry.file.update(text);
  }

  /** True when a file has been gone or empty for its grace time; starts the clock. */
  #overdue(entry: Entry): boolean {
    if (entry.text === undefined) return true;
    entry.missingSince ??= performance.now();
    return performance.now() - entry.missingSince >= GRACE_MS;
  }

  #lookAgain(path: string): void {
    clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => {
      if (!this.#files.has(path)) this.#rescan = 'everything';
      for (const [one, entry] of this.#files) if (entry.missingSince !== undefined) this.#changed.add(one);
      this.#run(this.#files.get(path)?.missingSince ?? performance.now());
    }, GRACE_MS + 1);
  }

  /**
   * The usual edit: some files changed, nothing is wrong anywhere, and no resource stands in two files. Then only these files' rows need a
   * look. False when it is not so; nothing is written then.
   */
  #writeFew(before: readonly { path: string; rows: ReadonlyMap<string, AnyRow> }[]): boolean {
    if (this.#problems.length + this.#listing.length > 0) return false;
    const set = new Map<string, AnyRow>();
    const deleted = new Map<string, AnyRow>();
    for (const { path, rows } of before) {
      const file = this.#files.get(path)?.file;
      if (!(file instanceof ConfigFile) || file.state.problems.length > 0) return false;
      for (const [identity, row] of file.state.rows) {
        if (rows.get(identity) === row) continue;
        if (set.has(identity) || (!rows.has(identity) && this.#written.has(identity))) return false;
        set.set(identity, row);
      }
      for (const [identity, row] of rows) if (!file.state.rows.has(identity)) deleted.set(identity, row);
    }
    for (const identity of deleted.keys()) this.#written.delete(identity);
    for (const [identity, row] of set) this.#written.set(identity, row);
    this.#commit([...set.values()], [...deleted.values()], false);
    return true;
  }

  /** Compares with what was written before and writes the difference. Rows that did not change are the same objects. */
  #write(): void {
    const entries = [...this.#files.values()].map((entry) => entry.file);
    const merged = mergeFiles(entries.filter((file) => file instanceof ConfigFile));
    const settings = entries.filter((file) => file instanceof MeshConfigFile);
    const rows = new Map<string, AnyRow>(merged.rows);
    for (const file of settings) for (const row of file.state.rows) rows.set(row.kind, row);
    const set = [...rows].filter(([identity, row]) => this.#written.get(identity) !== row).map(([, row]) => row);
    const deleted = [...this.#written].filter(([identity]) => !rows.has(identity)).map(([, row]) => row);
    const problems = [...this.#listing, ...settings.flatMap((file) => file.state.problems), ...merged.problems];
    const told = JSON.stringify(problems) !== JSON.stringify(this.#problems);
    this.#problems = problems;
    this.#written = rows;
    this.#commit(set, deleted, told);
  }

  #commit(set: readonly AnyRow[], deleted: readonly AnyRow[], told: boolean): void {
    const writer = this.#rows!;
    if (set.length + deleted.length > 0) {
      writer.transaction(
        () => {
          for (const row of deleted) writer.delete(row.kind, keyOf(row));
          for (const row of set) writer.set(row);
        },
        { ...this.#timing, set, deleted },
      );
    } else if (!told) return;
    for (const listener of this.#listeners) listener({ set, deleted, problems: this.#problems });
  }
}

const rowsOf = (entry: Entry | undefined): ReadonlyMap<string, AnyRow> => (entry?.file instanceof ConfigFile ? entry.file.state.rows : new Map());
const entryOf = (file: Entry['file']): Entry => ({ file, text: undefined, missingSince: undefined });
/** Undefined when it can't be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
const isGone = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
