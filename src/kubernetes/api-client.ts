/**
 * Requests to one API server: JSON in and out, and watches as lines. Credentials are asked for before each request, so that a token that
 * was renewed on disk is used. Connections are kept; nothing is tried twice here.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { apiError } from './api-error.js';
import type { ApiObject } from './api-object.js';

/** What a request carries beside its path. */
export interface ApiRequest {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** @default application/json */
  readonly contentType?: string;
  /** @default application/json */
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the whole answer must be there. @default 30000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Told of an answer that comes in lines. */
export interface LineListener {
  /** The server has begun to answer. */
  open(): void;
  line(text: string): void;
}

/** Status, headers and text of an answer that was no error. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** TLS settings, headers and so on, as `KubeConfig.applyToHTTPSOptions` fills them in. */
export type Credentials = () => Promise<RequestOptions>;

/** An answer that is longer is refused: a page of a list has a few megabytes. */
const MAX_ANSWER = 256 << 20;
/** etcd holds no object above 1.5 MB; an event is one with a few bytes around it. */
const MAX_LINE = 16 << 20;

export class ApiClient {
  readonly #server: URL;
  #agent: HttpAgent | HttpsAgent | undefined;
  #agentKey = '';

  /** `server` is the address as a kubeconfig has it, with or without a path. */
  constructor(
    server: string,
    private readonly credentials: Credentials = async () => ({}),
  ) {
    this.#server = new URL(server);
  }

  /** Address of the server, for messages. */
  get server(): string {
    return this.#server.href.replace(/\/$/, '');
  }

  /** Reads JSON. Rejects with an ApiError for every status above 299. */
  async get<T = ApiObject>(path: string, request: ApiRequest = {}): Promise<T> {
    return JSON.parse((await this.send('GET', path, request)).text) as T;
  }

  /** Writes JSON and reads the object that came of it. */
  async write<T = ApiObject>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, request: ApiRequest): Promise<T> {
    return JSON.parse((await this.send(method, path, request)).text) as T;
  }

  /** Any request. 304 is an answer, every other status above 299 an ApiError. */
  async send(method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? 30_000);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
    const response = await this.#open(method, path, request, signal);
    const status = response.statusCode ?? 0;
    const text = await textOf(response);
    if (status > 299 && status !== 304) throw apiError(status, text, response.headers['retry-after']);
    return { status, headers: response.headers, text };
  }

  /** Calls back with each line until the server ends the answer. Rejects when it can't be had, breaks off, or the signal aborts. */
  async lines(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal, on: LineListener): Promise<void> {
    const response = await this.#open('GET', path, { query }, signal);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw apiError(status, await textOf(response), response.headers['retry-after']);
    on.open();
    let rest = '';
    response.setEncoding('utf8');
    for await (const chunk of response) {
      const parts = (rest + (chunk as string)).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > MAX_LINE) throw new Error(`${path}: an event of more than ${MAX_LINE} characters`);
      for (const line of parts) if (line !== '') on.line(line);
    }
    if (!response.complete) throw new Error(`${path}: the connection broke off`);
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #open(method: string, path: string, request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const options = await this.credentials();
    const url = new URL(`${this.server}${path}`);
    for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const isSecure = url.protocol === 'https:';
    const { agent: given, ...rest } = options;
    return new Promise((resolve, reject) => {
      const sent = (isSecure ? httpsRequest : httpRequest)(url, {
        ...rest,
        method,
        signal,
        agent: isProxy(given) ? given : this.#keptAgent(isSecure, rest),
        headers: {
          ...(rest.headers as Record<string, string> | undefined),
          accept: request.accept ?? 'application/json',
          'user-agent': 'mizzen',
          ...(body && { 'content-type': request.contentType ?? 'application/json', 'content-length': String(body.length) }),
          ...request.headers,
        },
      });
      sent.once('response', resolve);
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** One agent for as long as the credentials stay. */
  #keptAgent(isSecure: boolean, { ca, cert, key, rejectUnauthorized, servername }: RequestOptions): HttpAgent | HttpsAgent {
    // Buffers and texts alike, compared by content.
    const agentKey = JSON.stringify([isSecure, ca, cert, key, rejectUnauthorized, servername]);
    if (this.#agent !== undefined && this.#agentKey === agentKey) return this.#agent;
    // Requests under way on the old one go on; it is dropped with them.
    this.#agentKey = agentKey;
    const keep = { keepAlive: true, keepAliveMsecs: 15_000 };
    this.#agent = isSecure
      ? new HttpsAgent({ ...keep, ca, cert, key, ...(rejectUnauthorized !== undefined && { rejectUnauthorized }), ...(servername && { servername }) })
      : new HttpAgent(keep);
    return this.#agent;
  }
}

/** The client library makes an agent of its own class where the kubeconfig names a proxy. */
const isProxy = (agent: unknown): agent is HttpsAgent => typeof agent === 'object' && agent !== null && /proxy/i.test(agent.constructor.name);

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > MAX_ANSWER) throw new Error(`an answer of more than ${MAX_ANSWER} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
