/**
 * Reads a set of paths once: for `translate`, `validate` and tests. The same code path as the watched source, minus watching.
 */
import { readFileSync } from 'node:fs';
import type { AnyRow } from '../api/kinds.js';
import type { Problem } from '../api/problem.js';
import { ConfigFile, type ConfigFileOptions } from './config-file.js';
import { listFiles, unreadable } from './list-files.js';
import { mergeFiles } from './merge-files.js';
import { MeshConfigFile, type SettingsState } from './mesh-config-file.js';

export interface Loaded {
  readonly resources: readonly AnyRow[];
  readonly problems: readonly Problem[];
}

/** Reads files and folders. Refused resources are left out and told in `problems`. */
export function loadResources(paths: readonly string[], options?: ConfigFileOptions): Loaded {
  const { files, problems } = listFiles(paths);
  const states = files.map((path) => {
    const file = new ConfigFile(path, options);
    try {
      file.update(readFileSync(path, 'utf8'));
    } catch (error) {
      file.fail(unreadable(path, error));
    }
    return file;
  });
  const merged = mergeFiles(states);
  return { resources: [...merged.rows.values()], problems: [...problems, ...merged.problems] };
}

/** Reads resources from a text, as if it were a file of that name. */
export function parseResources(text: string, file = 'input.yaml', options?: ConfigFileOptions): Loaded {
  const { rows, problems } = new ConfigFile(file, options).update(text);
  return { resources: [...rows.values()], problems };
}

/** Reads a file of mesh-wide settings: a MeshConfig, or the ConfigMap that Istio keeps it in. */
export function loadMeshConfig(path: string): SettingsState {
  const file = new MeshConfigFile(path);
  try {
    return file.update(readFileSync(path, 'utf8'));
  } catch (error) {
    return file.fail(unreadable(path, error));
  }
}
