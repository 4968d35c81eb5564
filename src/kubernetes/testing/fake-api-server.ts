/**
 * An API server for tests of the watch machinery, over real HTTP on loopback: keeps objects with versions, answers lists in pages and watches
 * from a version, forgets history on demand (410), and breaks connections.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from '../api-client.js';
import type { ApiObject } from '../api-object.js';

interface Change {
  readonly version: number;
  readonly type: string;
  readonly object: ApiObject;
}
interface Watcher {
  readonly path: string;
  readonly response: ServerResponse;
}

export class FakeApiServer {
  readonly #objects = new Map<string, Map<string, ApiObject>>();
  readonly #history: (Change & { readonly path: string })[] = [];
  readonly #watchers = new Set<Watcher>();
  #version = 100;
  /** Versions before this one are forgotten. */
  #oldest = 0;
  #server: Server | undefined;
  #port = 0;
  /** What was asked, `METHOD path?query`, in order. */
  readonly requests: string[] = [];
  /** Answers instead of us where it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse, url: URL) => boolean = () => false;
  /** `group/version` → plural names, for discovery. */
  served: Record<string, readonly string[]> = {};

  async start(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends listening and all connections, as a crash does. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#watchers.clear();
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // After listening has ended: whoever comes in between would keep it open.
    server.closeAllConnections();
    await closed;
  }

  client(): ApiClient {
    return new ApiClient(`http://127.0.0.1:${this.#port}`);
  }

  /** Writes an object of the collection at `path`. */
  set(path: string, name: string, body: Record<string, unknown> = {}, namespace = 'default'): void {
    const objects = this.#objects.get(path) ?? new Map<string, ApiObject>();
    this.#objects.set(path, objects);
    const key = `${namespace}/${name}`;
    const version = ++this.#version;
    const { metadata, ...rest } = body;
    const object: ApiObject = {
      apiVersion: 'v1',
      ...rest,
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z', ...(metadata as object | undefined), name, namespace, resourceVersion: String(version) },
    };
    this.#change({ path, version, type: objects.has(key) ? 'MODIFIED' : 'ADDED', object });
    objects.set(key, object);
  }

  delete(path: string, name: string, namespace = 'default'): void {
    const object = this.#objects.get(path)?.get(`${namespace}/${name}`);
    if (object === undefined) throw new Error(`${path} has no ${namespace}/${name}`);
    this.#objects.get(path)?.delete(`${namespace}/${name}`);
    const version = ++this.#version;
    this.#change({ path, version, type: 'DELETED', object: { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } } });
  }

  /** Tells all watchers of a collection how far we are. */
  bookmark(path: string): void {
    const metadata = { resourceVersion: String(this.#version) };
    for (const watcher of this.#watchers)
      if (watcher.path === path) watcher.response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
  }

  /** From now on, only watches from the present are possible. */
  forget(): void {
    this.#oldest = this.#version;
    this.#history.length = 0;
  }

  /** Breaks all watches off, in the middle of a line or as agreed. */
  dropWatches(how: 'broken' | 'ended' = 'broken'): void {
    for (const { response } of this.#watchers) {
      if (how === 'ended') response.end();
      else {
        response.write('{"type":"MODIFIED","obj');
        response.destroy();
      }
    }
    this.#watchers.clear();
  }

  /** Watches under way on a collection. */
  watching(path: string): number {
    return [...this.#watchers].filter((watcher) => watcher.path === path).length;
  }

  #change(change: Change & { readonly path: string }): void {
    this.#history.push(change);
    for (const { path, response } of this.#watchers)
      if (path === change.path) response.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://x');
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (this.intercept(request, response, url)) return;
    if (url.pathname === '/apis') return this.#discovery(response);
    if (url.searchParams.has('watch')) return this.#watch(url, response);
    this.#list(url, response);
  }

  #discovery(response: ServerResponse): void {
    const items = Object.entries(this.served).map(([name, plurals]) => {
      const [group = '', version = ''] = name.split('/');
      return { metadata: { name: group }, versions: [{ version, resources: plurals.map((resource) => ({ resource })) }] };
    });
    json(response, 200, { kind: 'APIGroupDiscoveryList', items });
  }

  #list(url: URL, response: ServerResponse): void {
    const all = [...(this.#objects.get(url.pathname)?.values() ?? [])];
    const from = Number(url.searchParams.get('continue') ?? 0);
    const limit = Number(url.searchParams.get('limit') ?? 500);
    const next = from + limit < all.length ? { continue: String(from + limit) } : {};
    json(response, 200, { metadata: { resourceVersion: String(this.#version), ...next }, items: all.slice(from, from + limit) });
  }

  #watch(url: URL, response: ServerResponse): void {
    const since = Number(url.searchParams.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since < this.#oldest) {
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } })}\n`,
      );
      return;
    }
    for (const { path, version, type, object } of this.#history)
      if (path === url.pathname && version > since) response.write(`${JSON.stringify({ type, object })}\n`);
    const watcher = { path: url.pathname, response };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
  }
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
