/**
 * Which files a list of paths means: files as they are, folders with everything below them that looks like YAML or JSON, in path order.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../api/problem.js';

export interface FileList {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/** True for names that a folder is searched for. Hidden files (editors' swap files, a ConfigMap mount's `..data`) are left out. */
export const isConfigFile = (name: string): boolean => /\.(ya?ml|json)$/i.test(name) && !name.startsWith('.');

/** Lists the files in the order of the paths, each folder sorted; a file that is named twice counts once. */
export function listFiles(paths: readonly string[]): FileList {
  const files = new Set<string>();
  const problems: Problem[] = [];
  for (const path of paths) {
    try {
      if (statSync(path).isDirectory()) for (const file of walk(path, 0, new Set([realpathSync(path)]))) files.add(file);
      else files.add(path);
    } catch (error) {
      problems.push(unreadable(path, error));
    }
  }
  return { files: [...files], problems };
}

/** The problem of a file or folder that can't be read. */
export function unreadable(file: string, error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  return { severity: 'error', code: 'unreadable', message, location: { file, line: 1, column: 1 } };
}

/** Symbolic links are followed (ConfigMap mounts are made of them), each linked folder once: links in a ring would have no end. */
function* walk(folder: string, depth: number, linked: Set<string>): Generator<string> {
  if (depth > 32) return;
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const { name } = entry;
    if (name.startsWith('.') || name === 'node_modules') continue;
    const path = join(folder, name);
    // Only what is neither (a link, or a file system that does not tell) costs another look.
    const type = entry.isFile() || entry.isDirectory() ? entry : statSync(path, { throwIfNoEntry: false });
    if (type?.isDirectory() === true) {
      if (!entry.isDirectory()) {
        const real = realpathSync(path);
        if (linked.has(real)) continue;
        linked.add(real);
      }
      yield* walk(path, depth + 1, linked);
    }
    if (type?.isFile() === true && isConfigFile(name)) yield path;
  }
}
