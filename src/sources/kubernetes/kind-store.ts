/**
 * The objects of one kind in one cluster, as rows: each is checked as a file's would be, and one that breaks keeps its last good row.
 */
import { convert } from '../../api/convert.js';
import type { AnyRow, KindInfo } from '../../api/kinds.js';
import type { Problem } from '../../api/problem.js';
import { keyOf } from '../../api/resource.js';
import { type ApiObject, objectKey } from '../../kubernetes/api-object.js';
import type { ReflectorSink } from '../../kubernetes/reflector.js';
import { checkResource } from '../../validation/check.js';
import { ofCluster } from '../remote-cluster.js';
import { trimObject } from './trim.js';

interface Entry {
  readonly resourceVersion: string | undefined;
  /** Undefined for one that was never good. */
  readonly row: AnyRow | undefined;
  readonly problems: readonly Problem[];
}

export interface KindStoreOptions {
  readonly info: KindInfo;
  /** The version that is read at present. */
  readonly version: () => string;
  /** Name of a remote cluster. */
  readonly cluster?: string | undefined;
  /** Objects with this label count while `has` says so of its value; call `select` when it says otherwise than before. Those without it always do. */
  readonly selection?: { readonly label: string; readonly has: (value: string) => boolean };
  /** A row came, changed (`row`) or went (undefined). */
  readonly onRow: (key: string, row: AnyRow | undefined) => void;
  /** The first complete list was there, or the kind is not. */
  readonly onKnown: () => void;
  /** Problems came or went. */
  readonly onProblems: () => void;
}

/** The cluster's definitions know a field that we do not: it has no effect here, and all else has. */
const knownToTheCluster = (problem: Problem): Problem =>
  problem.code === 'unknown-field' && problem.severity === 'error'
    ? { ...problem, severity: 'warning', message: `${problem.message}; it has no effect` }
    : problem;

export class KindStore implements ReflectorSink {
  readonly #entries = new Map<string, Entry>();
  /** Objects with the label of the selection, those that do not count among them. */
  readonly #labelled = new Map<string, ApiObject>();
  #broken = 0;

  constructor(private readonly options: KindStoreOptions) {}

  /** What is wrong with objects of this kind now. */
  problems(): readonly Problem[] {
    return this.#broken === 0 ? [] : [...this.#entries.values()].flatMap(({ problems }) => problems);
  }

  replace(objects: readonly ApiObject[]): void {
    const gone = new Set([...this.#entries.keys(), ...this.#labelled.keys()]);
    for (const object of objects) {
      gone.delete(objectKey(object));
      this.set(object);
    }
    for (const key of gone) this.#forget(key);
    this.options.onKnown();
  }

  set(object: ApiObject): void {
    const key = objectKey(object);
    if (this.#label(object) === undefined) this.#labelled.delete(key);
    else this.#labelled.set(key, object);
    if (!this.#counts(object)) return this.#drop(key);
    const old = this.#entries.get(key);
    const { resourceVersion } = object.metadata;
    // A list made anew brings what we have: nothing to do.
    if (old !== undefined && old.resourceVersion === resourceVersion && resourceVersion !== undefined) return;
    const { row, problems } = this.#read(object);
    const kept = row ?? old?.row;
    this.#entries.set(key, { resourceVersion, row: kept, problems });
    this.#count(old?.problems ?? [], problems);
    if (row !== undefined) this.options.onRow(keyOf(row), row);
  }

  remove(object: ApiObject): void {
    this.#forget(objectKey(object));
  }

  /** Looks again which objects count. */
  select(): void {
    for (const [key, object] of this.#labelled) if (!this.#counts(object) || !this.#entries.has(key)) this.set(object);
  }

  #label(object: ApiObject): string | undefined {
    const { selection } = this.options;
    return selection === undefined ? undefined : object.metadata.labels?.[selection.label];
  }

  #counts(object: ApiObject): boolean {
    const label = this.#label(object);
    return label === undefined || this.options.selection?.has(label) === true;
  }

  #forget(key: string): void {
    this.#labelled.delete(key);
    this.#drop(key);
  }

  #drop(key: string): void {
    const old = this.#entries.get(key);
    if (old === undefined) return;
    this.#entries.delete(key);
    this.#count(old.problems, []);
    if (old.row !== undefined) this.options.onRow(keyOf(old.row), undefined);
  }

  #count(before: readonly Problem[], after: readonly Problem[]): void {
    this.#broken += Number(after.length > 0) - Number(before.length > 0);
    if (before.length + after.length > 0) this.options.onProblems();
  }

  #read(object: ApiObject): { row: AnyRow | undefined; problems: readonly Problem[] } {
    const trimmed = trimObject(object, this.options.info, this.options.version());
    const converted = convert(trimmed);
    const problems = [...converted.problems];
    if (converted.row !== undefined) problems.push(...checkResource(trimmed, converted.row).map(knownToTheCluster));
    const refused = converted.row === undefined || problems.some(({ severity }) => severity === 'error');
    if (refused) return { row: undefined, problems };
    const { cluster } = this.options;
    return { row: cluster === undefined ? converted.row : ofCluster(converted.row!, cluster), problems };
  }
}
