/**
 * Registered workloads on disk: one JSON file each in the data folder, so that they outlive the control plane. A file is written beside its
 * place and then renamed, so a crash leaves the old or the new one.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkloadEntry } from '../api/istio.js';
import { keyOf } from '../api/resource.js';

const SUFFIX = '.json';

export class RegistrationFiles {
  readonly #folder: string;

  constructor(
    dataDir: string,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#folder = join(dataDir, 'workloads');
  }

  /** All entries that can be read; others are told and left alone. */
  load(): WorkloadEntry[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder).filter((name) => name.endsWith(SUFFIX));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.onError(error);
      return [];
    }
    return names.sort().flatMap((name) => this.#read(join(this.#folder, name)) ?? []);
  }

  /** Failures are told, not thrown: a full disk must not keep a workload out of the mesh. */
  save(entry: WorkloadEntry): void {
    const path = this.#path(keyOf(entry));
    this.#attempt(() => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, JSON.stringify(entry), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    });
  }

  delete(key: string): void {
    this.#attempt(() => rmSync(this.#path(key), { force: true }));
  }

  #path(key: string): string {
    return join(this.#folder, `${encodeURIComponent(key)}${SUFFIX}`);
  }

  #read(path: string): WorkloadEntry | undefined {
    try {
      const row = JSON.parse(readFileSync(path, 'utf8')) as WorkloadEntry;
      const { kind, metadata, spec } = row;
      const isWhole = kind === 'WorkloadEntry' && typeof metadata?.name === 'string' && typeof metadata.annotations === 'object' && spec !== null;
      if (!isWhole || this.#path(keyOf(row)) !== path) throw new Error(`${path}: is not a registered workload`);
      return row;
    } catch (error) {
      this.onError(error);
      return undefined;
    }
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.onError(error);
    }
  }
}
