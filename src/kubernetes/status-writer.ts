/**
 * Writes statuses, one at a time per object, no more in a second than the API server should bear, and later again where it did not go well. What to
 * write is asked for right before the write, so many changes in between cost one. Knows nothing of the mesh.
 */
import type { ApiClient } from './api-client.js';
import { ApiError, hasStatus } from './api-error.js';
import type { ApiObject } from './api-object.js';
import { BackOff, type BackOffOptions } from './back-off.js';
import { TokenBucket } from './token-bucket.js';

export interface StatusWrite {
  /** Of the object, without `/status`. */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly status: Readonly<Record<string, unknown>>;
  /** Version that it was made of. */
  readonly resourceVersion: string;
  /** The write fails when the object has changed since. */
  readonly isGuarded: boolean;
  /** Lists are replaced instead of merged. */
  readonly isReplacing: boolean;
}

export type WriteResult = 'written' | 'gone' | 'conflict' | 'refused' | 'failed';

export interface StatusWriterOptions {
  readonly client: ApiClient;
  readonly fieldManager: string;
  /** What to write of an object now; undefined for nothing. */
  readonly next: (id: string) => StatusWrite | undefined;
  readonly onWritten: (id: string, object: ApiObject) => void;
  /** Told of each attempt; `error` where it did not go well. */
  readonly onResult: (id: string, result: WriteResult, error?: unknown) => void;
  /** Writes in a second, in the long run. @default 50 */
  readonly perSecond?: number;
  /** Writes at once. @default 100 */
  readonly burst?: number;
  /** Requests under way. @default 4 */
  readonly workers?: number;
  readonly backOff?: BackOffOptions;
}

const DEFAULT_BACK_OFF: BackOffOptions = { first: 500, max: 120_000 };
/** Server-side apply does not know fields of newer definitions than the cluster has. */
const UNDECLARED = /\.status\.(\w+): field not declared in schema/;

export class StatusWriter {
  /** When to try, in milliseconds; the sooner asked for, the sooner. */
  readonly #due = new Map<string, number>();
  readonly #busy = new Set<string>();
  readonly #backOffs = new Map<string, BackOff>();
  /** The last successful write of each object, and the version that came of it. */
  readonly #sent = new Map<string, { readonly text: string; readonly version: string | undefined }>();
  /** Fields that the server's definitions lack, by kind. */
  readonly #undeclared = new Map<string, Set<string>>();
  readonly #bucket: TokenBucket;
  readonly #sleepers = new Set<() => void>();

  constructor(private readonly options: StatusWriterOptions) {
    this.#bucket = new TokenBucket(options.perSecond ?? 50, options.burst ?? 100);
  }

  /** Objects that wait. */
  get pending(): number {
    return this.#due.size;
  }

  /** Something about the object may have changed. One that failed waits for its time all the same. */
  poke(id: string): void {
    if (this.#due.has(id)) return;
    this.#due.set(id, performance.now());
    this.#wake();
  }

  /** Writes until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop);
    await Promise.all(Array.from({ length: this.options.workers ?? 4 }, () => this.#work(signal)));
    signal.removeEventListener('abort', stop);
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const id = await this.#take(signal);
      if (id === undefined) return;
      try {
        await this.#write(id, signal);
      } catch (error) {
        this.#failed(id, error, signal);
      } finally {
        this.#busy.delete(id);
        // It may have been asked for again meanwhile.
        if (this.#due.has(id)) this.#wake();
      }
    }
  }

  async #take(signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      let soonest = Number.POSITIVE_INFINITY;
      const now = performance.now();
      for (const [id, due] of this.#due) {
        if (this.#busy.has(id)) continue;
        if (due <= now) {
          this.#due.delete(id);
          this.#busy.add(id);
          return id;
        }
        soonest = Math.min(soonest, due);
      }
      await this.#sleep(Math.min(soonest - now, 60_000));
    }
    return undefined;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#sleepers.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#sleepers) done();
  }

  async #write(id: string, signal: AbortSignal): Promise<void> {
    const { client, fieldManager, next, onWritten, onResult } = this.options;
    await this.#bucket.take(signal);
    const write = signal.aborted ? undefined : next(id);
    if (write === undefined) return;
    const { path, apiVersion, kind, namespace, name, resourceVersion, isGuarded, isReplacing } = write;
    const status = this.#declared(write);
    const text = JSON.stringify(status);
    const sent = this.#sent.get(id);
    // What the server does not keep would be written for ever.
    if (sent?.text === text && sent.version === resourceVersion) return;
    const metadata = { name, ...(namespace !== '' && { namespace }), ...(isGuarded && { resourceVersion }) };
    const object = await client.write('PATCH', `${path}/status`, {
      body: { apiVersion, kind, metadata, status },
      query: { fieldManager, ...(!isReplacing && { force: 'true' }) },
      contentType: isReplacing ? 'application/merge-patch+json' : 'application/apply-patch+yaml',
      signal,
    });
    this.#sent.set(id, { text, version: object.metadata.resourceVersion });
    this.#backOffs.delete(id);
    onResult(id, 'written');
    onWritten(id, object);
  }

  #declared({ apiVersion, kind, status }: StatusWrite): StatusWrite['status'] {
    const undeclared = this.#undeclared.get(`${apiVersion} ${kind}`);
    return undeclared === undefined ? status : Object.fromEntries(Object.entries(status).filter(([field]) => !undeclared.has(field)));
  }

  #failed(id: string, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (hasStatus(error, 404, 410)) {
      this.#sent.delete(id);
      this.#backOffs.delete(id);
      return this.options.onResult(id, 'gone');
    }
    if (this.#learn(id, error)) return this.poke(id);
    const result = hasStatus(error, 409) ? 'conflict' : hasStatus(error, 400, 403, 405, 422) ? 'refused' : 'failed';
    const backOff = this.#backOffs.get(id) ?? new BackOff(this.options.backOff ?? DEFAULT_BACK_OFF);
    this.#backOffs.set(id, backOff);
    const wait = Math.max(backOff.next(), error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0);
    this.#due.set(id, performance.now() + wait);
    this.options.onResult(id, result, error);
    this.#wake();
  }

  /** True when the next attempt leaves out what this one failed of. */
  #learn(id: string, error: unknown): boolean {
    const field = error instanceof ApiError ? UNDECLARED.exec(error.message)?.[1] : undefined;
    const write = field === undefined ? undefined : this.options.next(id);
    if (field === undefined || write === undefined) return false;
    const key = `${write.apiVersion} ${write.kind}`;
    const known = this.#undeclared.get(key) ?? new Set();
    if (known.has(field)) return false;
    this.#undeclared.set(key, known.add(field));
    return true;
  }
}
