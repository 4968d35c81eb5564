/**
 * One file of resources over time: its text goes in, the rows it stands for come out. Keeps, per resource, the last row that was good,
 * so that a broken edit changes nothing.
 */
import type { AnyRow } from '../api/kinds.js';
import type { Problem, ResourceName } from '../api/problem.js';
import type { ParseLimits, Place } from '../yaml/parse-yaml.js';
import { splitParts } from '../yaml/parse-yaml.js';
import { identityOf, type ReadPart, type ReadResource, readPart } from './read-document.js';
import { notReadFrom, ofCluster } from './remote-cluster.js';

const FIRST_OF_2026 = Date.UTC(2026, 0, 1);

/** Where a row stands now. It moves when lines are added above; the row stays the same. */
export class RowLocation {
  constructor(
    readonly file: string,
    public line: number,
    public column: number,
  ) {}
}

/** One resource of the file, good or not. */
interface Entry {
  readonly resource: ReadResource;
  readonly row: AnyRow;
  readonly location: RowLocation;
}

/** What the file stands for after its latest text. */
export interface FileState {
  /** In file order, by identity. */
  readonly rows: ReadonlyMap<string, AnyRow>;
  readonly problems: readonly Problem[];
}

export interface ConfigFileOptions {
  readonly limits?: ParseLimits;
  /** Remote cluster that the resources are of. */
  readonly cluster?: string;
}

export class ConfigFile {
  #parts = new Map<string, ReadPart>();
  #entries = new Map<string, Entry>();
  #state: FileState = { rows: new Map(), problems: [] };

  constructor(
    readonly path: string,
    private readonly options: ConfigFileOptions = {},
  ) {}

  get state(): FileState {
    return this.#state;
  }

  /** Takes the file's text. Parts whose text is unchanged are not parsed again. */
  update(text: string): FileState {
    const parts = new Map<string, ReadPart>();
    const problems: Problem[] = [];
    const entries = new Map<string, Entry>();
    const broken = new Set<string>();
    let unreadable = false;
    let order = 0;
    for (const part of splitParts(text)) {
      const read = parts.get(part.text) ?? this.#parts.get(part.text) ?? readPart(part.text, this.options.limits);
      parts.set(part.text, read);
      unreadable ||= read.unreadable;
      for (const { problem, place } of read.problems) problems.push({ ...problem, location: this.#at(part.line, place) });
      for (const one of read.resources) {
        const resource = this.#inCluster(one);
        if (resource === undefined) {
          problems.push({ ...notReadFrom(this.options.cluster ?? '', one.row!), location: this.#at(part.line, one.place) });
          continue;
        }
        const identity = identityOf(resource.name);
        if (entries.has(identity) || broken.has(identity)) problems.push(this.#twice(resource.name, part.line, resource.place));
        else if (resource.row === undefined) broken.add(identity);
        else entries.set(identity, this.#entry(identity, resource, order, this.#at(part.line, resource.place)));
        order++;
      }
    }
    for (const [identity, entry] of this.#entries) {
      if (!entries.has(identity) && (unreadable || broken.has(identity))) entries.set(identity, entry);
    }
    this.#parts = parts;
    this.#entries = entries;
    this.#state = { rows: new Map([...entries].map(([identity, entry]) => [identity, entry.row])), problems };
    return this.#state;
  }

  /** The file as it would be with another text; this one stays as it is. */
  with(text: string): ConfigFile {
    const next = new ConfigFile(this.path, this.options);
    next.#parts = this.#parts;
    next.#entries = this.#entries;
    next.update(text);
    return next;
  }

  /** Keeps the rows and adds why the file can't be read. */
  fail(problem: Problem): FileState {
    this.#state = { rows: this.#state.rows, problems: [problem] };
    return this.#state;
  }

  /** The resource as one of the file's cluster; undefined when it is not read from there. */
  #inCluster(resource: ReadResource): ReadResource | undefined {
    const { cluster } = this.options;
    if (cluster === undefined || resource.row === undefined) return resource;
    const row = ofCluster(resource.row, cluster);
    return row === undefined ? undefined : { ...resource, row };
  }

  #at(line: number, place: Place): RowLocation {
    return new RowLocation(this.path, line + place.line + 1, place.column + 1);
  }

  #twice(resource: ResourceName, line: number, place: Place): Problem {
    return {
      severity: 'error',
      code: 'duplicate',
      message: 'the same resource stands further up in this file',
      resource,
      location: this.#at(line, place),
    };
  }

  /** The same object at the same age keeps its row, even when it moved. */
  #entry(identity: string, resource: ReadResource, order: number, location: RowLocation): Entry {
    const row = resource.row!;
    const createdAt = row.createdAt === FIRST_OF_2026 ? FIRST_OF_2026 + order * 1000 : row.createdAt;
    const old = this.#entries.get(identity);
    if (old !== undefined && old.row.createdAt === createdAt && (old.resource === resource || sameContent(old.resource.object, resource.object))) {
      old.location.line = location.line;
      old.location.column = location.column;
      return { resource, row: old.row, location: old.location };
    }
    return { resource, row: Object.freeze({ ...row, createdAt, location }), location };
  }
}

const sameContent = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
