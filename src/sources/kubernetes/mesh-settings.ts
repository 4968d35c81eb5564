/**
 * Mesh-wide settings from the ConfigMap that Istio keeps them in: `istio`, or `istio-<revision>`, keys `mesh` and `meshNetworks`.
 * A text with errors leaves the last good settings in force; without the ConfigMap the defaults hold.
 */
import type { AnyRow } from '../../api/kinds.js';
import type { Problem } from '../../api/problem.js';
import type { ApiObject } from '../../kubernetes/api-object.js';
import { MeshConfigFile, type SettingsRow } from '../mesh-config-file.js';

export interface SettingsName {
  readonly namespace: string;
  readonly name: string;
}

export class MeshSettings {
  #file: MeshConfigFile;
  #rows = new Map<SettingsRow['kind'], AnyRow>();

  constructor(
    private readonly at: SettingsName,
    private readonly onRow: (kind: SettingsRow['kind'], row: AnyRow | undefined) => void,
  ) {
    this.#file = this.#fresh();
  }

  /** True for the object that holds the settings. */
  is({ metadata }: ApiObject): boolean {
    return metadata.name === this.at.name && metadata.namespace === this.at.namespace;
  }

  /** Takes the ConfigMap, or that there is none. */
  update(object: ApiObject | undefined): void {
    if (object === undefined) this.#file = this.#fresh();
    else this.#file.update(JSON.stringify({ kind: 'ConfigMap', data: object['data'] ?? {} }));
    const rows = new Map<SettingsRow['kind'], AnyRow>(this.#file.state.rows.map((row) => [row.kind, Object.freeze(withoutPlace<AnyRow>(row))]));
    for (const kind of this.#rows.keys()) if (!rows.has(kind)) this.onRow(kind, undefined);
    for (const [kind, row] of rows) this.onRow(kind, row);
    this.#rows = rows;
  }

  /** Places in the JSON that we made mean nothing to anybody. */
  problems(): readonly Problem[] {
    return this.#file.state.problems.map((problem) => ({ ...withoutPlace(problem), resource: { kind: 'ConfigMap', ...this.at } }));
  }

  #fresh(): MeshConfigFile {
    return new MeshConfigFile(`ConfigMap ${this.at.namespace}/${this.at.name}`);
  }
}

function withoutPlace<T extends object>(value: T): T {
  const copy: T & { location?: unknown } = { ...value };
  delete copy.location;
  return copy;
}
