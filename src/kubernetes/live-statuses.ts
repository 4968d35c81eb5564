/**
 * Statuses as they stand in the API server, beside the rows: configuration is judged by its spec, so a status that somebody writes must wake
 * nobody but those who write it too. Filled by whoever watches the kinds.
 */
import { type ApiObject, objectKey } from './api-object.js';
import type { ReflectorSink } from './reflector.js';

export interface LiveStatus {
  /** `group/version` that it was read in. */
  readonly apiVersion: string;
  readonly generation?: number;
  readonly resourceVersion: string;
  readonly uid: string;
  /** Empty where the object has none. */
  readonly status: Readonly<Record<string, unknown>>;
}

export class LiveStatuses {
  readonly #statuses = new Map<string, LiveStatus>();
  readonly #listeners = new Set<(id: string) => void>();

  /** `kinds`: names of those that are kept. */
  constructor(private readonly kinds: ReadonlySet<string>) {}

  /** By `kind namespace/name`; undefined for objects that are not there. */
  get(id: string): LiveStatus | undefined {
    return this.#statuses.get(id);
  }

  /** Calls back with the id of each object whose status came or changed. Returns how to stop that. */
  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** An object as the server has it now: from a watch, or from the answer to a write. */
  note(kind: string, object: ApiObject, apiVersion = object.apiVersion ?? ''): void {
    const id = `${kind} ${objectKey(object)}`;
    const { resourceVersion = '', uid = '', generation } = object.metadata;
    const known = this.#statuses.get(id);
    if (known?.uid === uid && isOlder(resourceVersion, known.resourceVersion)) return;
    const status = (object['status'] ?? {}) as LiveStatus['status'];
    this.#statuses.set(id, { apiVersion, ...(generation !== undefined && { generation }), resourceVersion, uid, status });
    for (const listener of this.#listeners) listener(id);
  }

  /** What is told to `sink` is told to us as well; the sink itself for kinds that are not kept. */
  beside(kind: string, sink: ReflectorSink, apiVersion: () => string = () => ''): ReflectorSink {
    if (!this.kinds.has(kind)) return sink;
    const own = new Set<string>();
    const set = (object: ApiObject): void => {
      own.add(objectKey(object));
      // Objects in lists leave it out.
      this.note(kind, object, apiVersion());
    };
    const remove = (key: string): void => {
      own.delete(key);
      this.#statuses.delete(`${kind} ${key}`);
    };
    return {
      replace: (objects) => {
        const there = new Set(objects.map(objectKey));
        for (const key of own) if (!there.has(key)) remove(key);
        sink.replace(objects);
        for (const object of objects) set(object);
      },
      set: (object) => {
        sink.set(object);
        set(object);
      },
      remove: (object) => {
        sink.remove(object);
        remove(objectKey(object));
      },
    };
  }
}

/**
 * A watch may tell of what was before our last write. Versions of one object are numbers that grow in every API server that keeps them in etcd, and
 * since Kubernetes 1.35 that is promised; others are taken as they come.
 */
function isOlder(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}
