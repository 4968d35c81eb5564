/**
 * Tells which files of a set of paths may have changed. Folders are watched, never files: editors and ConfigMap mounts replace files
 * by renaming, after which a watch on the file itself would look at the old one. https://man7.org/linux/man-pages/man7/inotify.7.html
 */
import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { isConfigFile } from './list-files.js';

/** A path that changed, or undefined when only a new look at everything can tell. `isReplaced`: another file may have taken its name, whole. */
export type OnEvent = (path: string | undefined, isReplaced: boolean) => void;

export class PathWatcher {
  #watchers = new Map<string, FSWatcher>();

  constructor(
    private readonly paths: readonly string[],
    private readonly onEvent: OnEvent,
  ) {}

  /** Watches the folders that there are now. To be called again after folders came or went. */
  refresh(): void {
    const wanted = new Set<string>();
    for (const path of this.paths) {
      // The parent tells when the path itself is replaced.
      wanted.add(dirname(path));
      if (isFolder(path)) for (const folder of foldersBelow(path, 0)) wanted.add(folder);
    }
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#add(folder);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: true }, (type, name) => this.#event(folder, name, type === 'rename'));
      // A watch dies with its folder (it may have been replaced): the next refresh looks again.
      watcher.on('error', () => this.#drop(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // The folder went between listing and watching; its parent reports that.
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
    this.onEvent(undefined, false);
  }

  #event(folder: string, name: string | null, isReplaced: boolean): void {
    if (name === null) return this.onEvent(undefined, false);
    const path = join(folder, name);
    const root = this.paths.includes(path);
    const inside = root || this.paths.some((one) => one === folder || folder.startsWith(`${one}/`));
    if (!inside) {
      // In the folder of a single file: a ConfigMap mount swaps `..data` there.
      if (name.startsWith('..')) this.onEvent(undefined, false);
      return;
    }
    if (this.#watchers.has(path)) this.#again(path);
    if (isFolder(path) || this.#watchers.has(path) || name.startsWith('..')) return this.onEvent(undefined, false);
    // Swap and backup files of editors are no configuration.
    if (root || isConfigFile(name)) this.onEvent(path, isReplaced);
  }

  /** A folder of this name was made, removed or replaced; the old watch may look at one that is gone. */
  #again(path: string): void {
    const prefix = `${path}/`;
    for (const [folder, watcher] of this.#watchers) {
      if (folder !== path && !folder.startsWith(prefix)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    this.onEvent(undefined, false);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function* foldersBelow(folder: string, depth: number): Generator<string> {
  yield folder;
  if (depth >= 32) return;
  let entries: Dirent[] = [];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    if (entry.isFile() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() || isFolder(path)) yield* foldersBelow(path, depth + 1);
  }
}
