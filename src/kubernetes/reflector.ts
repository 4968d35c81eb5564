/**
 * Keeps up with one collection of the API server: lists it, watches from there, and lists again only when the server has forgotten where we
 * were (410). Nothing is taken away before a list is complete, so a server that goes and comes changes nothing that has not changed.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import type { ApiClient } from './api-client.js';
import { ApiError, asError, hasStatus } from './api-error.js';
import { type ApiObject, type ApiResource, apiPath } from './api-object.js';
import { BackOff, type BackOffOptions, DEFAULT_BACK_OFF } from './back-off.js';

/** Who is told what there is. Called in order, never at the same time. */
export interface ReflectorSink {
  /** All objects that there are now; after this the collection is known. */
  replace(objects: readonly ApiObject[]): void;
  set(object: ApiObject): void;
  remove(object: ApiObject): void;
}

export interface ReflectorOptions {
  readonly client: ApiClient;
  /** Where the collection is now; undefined while the server does not have it. Asked before every list. */
  readonly resource: () => ApiResource | undefined;
  /** Resolves when `resource` may have another answer. */
  readonly resourceChanged?: (signal: AbortSignal) => Promise<void>;
  /** `labelSelector`, `fieldSelector`. */
  readonly query?: Readonly<Record<string, string>>;
  readonly sink: ReflectorSink;
  /** Told of every failure, and of undefined once all is well again. */
  readonly onState?: (error: Error | undefined) => void;
  readonly backOff?: BackOffOptions;
  /** Objects in one page of a list. @default 500 */
  readonly pageSize?: number;
  /** Seconds that one watch lasts at least; it lasts twice as long at most. @default 300 */
  readonly watchSeconds?: number;
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: ApiObject & { readonly code?: number; readonly reason?: string; readonly message?: string };
}

/** A watch that has lasted so long was a good one. */
const GOOD_WATCH_MS = 5_000;
/** What a watch may last beyond what was asked for before we take its connection for dead. */
const OVERTIME_MS = 15_000;

export class Reflector {
  readonly #backOff: BackOff;
  #version: string | undefined;
  #path = '';
  #failed = true;

  constructor(private readonly options: ReflectorOptions) {
    this.#backOff = new BackOff(options.backOff ?? DEFAULT_BACK_OFF);
  }

  /** Follows the collection until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined && !(await this.#list(signal))) continue;
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#failure(error, signal);
      }
    }
  }

  /** False where the server does not have the collection: then all of it is gone, and it waits for it to come. */
  async #list(signal: AbortSignal): Promise<boolean> {
    const resource = this.options.resource();
    if (resource === undefined) {
      this.options.sink.replace([]);
      this.#well();
      await this.options.resourceChanged?.(signal);
      return false;
    }
    this.#path = apiPath(resource);
    const objects: ApiObject[] = [];
    let more: string | undefined;
    let version: string | undefined;
    do {
      const query = { ...this.options.query, limit: String(this.options.pageSize ?? 500), ...(more !== undefined && { continue: more }) };
      const page = await this.options.client.get<ListPage>(this.#path, { query, signal });
      for (const item of page.items ?? []) objects.push(item);
      version = page.metadata?.resourceVersion;
      more = page.metadata?.continue || undefined;
    } while (more !== undefined);
    if (version === undefined) throw new Error(`${this.#path}: a list without resourceVersion`);
    this.options.sink.replace(objects);
    this.#version = version;
    this.#well();
    return true;
  }

  /** Follows from the last version seen. Returns when the server ends the watch as agreed; rejects otherwise. */
  async #watch(signal: AbortSignal): Promise<void> {
    const least = this.options.watchSeconds ?? 300;
    const seconds = Math.ceil(least * (1 + Math.random()));
    const begun = performance.now();
    let events = 0;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000 + OVERTIME_MS)]);
    const query = {
      ...this.options.query,
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version ?? '',
      timeoutSeconds: String(seconds),
    };
    try {
      await this.options.client.lines(this.#path, query, limit, {
        // All may be well for long without an event.
        open: () => this.#well(),
        line: (text) => {
          this.#event(JSON.parse(text) as WatchEvent);
          events++;
        },
      });
    } finally {
      if (events > 0 || performance.now() - begun > GOOD_WATCH_MS) this.#backOff.reset();
    }
    // A watch that ends at once, again and again, must not become a busy loop.
    if (events === 0 && performance.now() - begun < Math.min(GOOD_WATCH_MS, seconds * 900)) await this.#backOff.wait(signal);
  }

  #event({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw new ApiError(object.code ?? 500, object.reason ?? '', object.message ?? 'the watch ended with an error');
    if (type === 'ADDED' || type === 'MODIFIED') this.options.sink.set(object);
    else if (type === 'DELETED') this.options.sink.remove(object);
    // Bookmarks tell how far the server is, so that a new watch need not begin at an object that changed long ago.
    this.#version = object.metadata.resourceVersion ?? this.#version;
  }

  async #failure(error: unknown, signal: AbortSignal): Promise<void> {
    // 410: the server no longer has what came after our version. 404: the kind is gone, or is moving to another version.
    const isForgotten = hasStatus(error, 410) || (error instanceof ApiError && error.reason === 'Expired');
    if (isForgotten || hasStatus(error, 404, 400)) this.#version = undefined;
    // To be told to list again is no failure.
    if (!isForgotten) {
      this.#failed = true;
      this.options.onState?.(asError(error));
    }
    await this.#backOff.wait(signal, error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0);
  }

  #well(): void {
    if (!this.#failed) return;
    this.#failed = false;
    this.options.onState?.(undefined);
  }
}

interface ListPage {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ApiObject[];
}
