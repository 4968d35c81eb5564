/**
 * The file of mesh-wide settings → the rows MeshConfig and MeshNetworks. The file is a plain MeshConfig, or the ConfigMap that Istio keeps
 * it in (keys `mesh` and `meshNetworks`). Remembers the last rows that were good.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import { deepFreeze, isObject } from '../api/convert.js';
import type { MeshConfigRow, MeshNetworksRow } from '../api/extensions.js';
import { withoutNulls } from '../api/nulls.js';
import { firstProblems, formatPath, type Problem, shortMessage } from '../api/problem.js';
import { meshConfigShape, meshNetworksShape } from '../api/shapes/mesh-config.js';
import { type SettingsProblem, validateMeshConfig, validateMeshNetworks } from '../validation/mesh-config.js';
import { DEFAULT_LIMITS, type ParsedDocument, type ParseLimits, parsePart } from '../yaml/parse-yaml.js';
import { RowLocation } from './config-file.js';

export type SettingsRow = MeshConfigRow | MeshNetworksRow;

export interface SettingsState {
  readonly rows: readonly SettingsRow[];
  readonly problems: readonly Problem[];
}

export class MeshConfigFile {
  #state: SettingsState = { rows: [], problems: [] };

  constructor(
    readonly path: string,
    private readonly limits: ParseLimits = DEFAULT_LIMITS,
  ) {}

  get state(): SettingsState {
    return this.#state;
  }

  /** Takes the file's text; a text with errors leaves the rows as they were. */
  update(text: string): SettingsState {
    const problems: Problem[] = [];
    const rows = this.#read(text, problems);
    const failed = problems.some((problem) => problem.severity === 'error');
    this.#state = { rows: failed ? this.#state.rows : rows, problems };
    return this.#state;
  }

  /** Keeps the rows and adds why the file can't be read. */
  fail(problem: Problem): SettingsState {
    this.#state = { rows: this.#state.rows, problems: [problem] };
    return this.#state;
  }

  #read(text: string, problems: Problem[]): SettingsRow[] {
    const [document] = parsePart(text, this.limits);
    if (document === undefined) return [settingsRow('MeshConfig', {}, new RowLocation(this.path, 1, 1))];
    for (const error of document.errors) {
      problems.push({
        severity: 'error',
        code: 'yaml-syntax',
        message: error.message,
        location: new RowLocation(this.path, error.line + 1, error.column + 1),
      });
    }
    if (document.errors.length > 0) return [];
    const { value } = document;
    if (!isObject(value) || value['kind'] !== 'ConfigMap') return [this.#row('MeshConfig', value, document, problems)];
    const data = isObject(value['data']) ? value['data'] : {};
    const rows: SettingsRow[] = [];
    for (const [key, kind] of [
      ['mesh', 'MeshConfig'],
      ['meshNetworks', 'MeshNetworks'],
    ] as const) {
      if (typeof data[key] !== 'string') continue;
      const [inner] = parsePart(data[key], this.limits);
      // Places within the text of a ConfigMap's key are those of the key.
      const at: ParsedDocument = { value: inner?.value ?? {}, errors: [], start: document.start, locate: () => document.locate(['data', key]) };
      for (const error of inner?.errors ?? [])
        problems.push(this.#problem({ severity: 'error', code: 'yaml-syntax', path: [], message: error.message }, at));
      rows.push(this.#row(kind, at.value, at, problems));
    }
    return rows;
  }

  #row(kind: SettingsRow['kind'], value: unknown, document: ParsedDocument, problems: Problem[]): SettingsRow {
    const spec = withoutNulls(kind === 'MeshConfig' ? meshConfigShape : meshNetworksShape, value);
    const found = kind === 'MeshConfig' ? validateMeshConfig(spec) : validateMeshNetworks(spec);
    problems.push(...firstProblems(found).map((problem) => this.#problem(problem, document)));
    return settingsRow(kind, spec, new RowLocation(this.path, document.start.line + 1, document.start.column + 1));
  }

  #problem(problem: SettingsProblem, document: ParsedDocument): Problem {
    const place = document.locate(problem.path);
    return {
      ...problem,
      message: shortMessage(problem.message),
      field: formatPath(problem.path),
      location: new RowLocation(this.path, place.line + 1, place.column + 1),
    };
  }
}

/** The single row of its collection; key `/mesh`. */
function settingsRow(kind: SettingsRow['kind'], spec: unknown, location: RowLocation): SettingsRow {
  return Object.freeze({
    kind,
    apiVersion: 'mesh.istio.io/v1alpha1',
    metadata: Object.freeze({ name: 'mesh', namespace: '', labels: Object.freeze({}), annotations: Object.freeze({}) }),
    spec: deepFreeze(spec),
    createdAt: 0,
    location,
  }) as SettingsRow;
}
