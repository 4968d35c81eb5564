/** An HTTP client for measuring: node:http, one keep-alive pool per caller, and no retries of its own. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** One answer, or what went wrong instead. */
export interface Answer {
  /** The status, or 0 when no response came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Code of the connection error (ECONNRESET, …), when no response came. */
  readonly error: string | undefined;
  readonly ms: number;
}

/** What to ask for. `headers.host` chooses the virtual host. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

/** A pool of kept connections. */
export interface Client {
  get(url: string, ask?: Ask): Promise<Answer>;
  close(): void;
}

/** A client with at most `sockets` connections to each server. */
export function httpClient(sockets = 64): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  return { get: (url, ask = {}) => get(agent, url, ask), close: () => agent.destroy() };
}

/** One request on a fresh connection. */
export async function fetchOnce(url: string, ask: Ask = {}): Promise<Answer> {
  const agent = new Agent({ keepAlive: false });
  try {
    return await get(agent, url, ask);
  } finally {
    agent.destroy();
  }
}

function get(agent: Agent, url: string, ask: Ask): Promise<Answer> {
  return new Promise((resolve) => {
    const begun = performance.now();
    const end = (answer: Omit<Answer, 'ms'>): void => resolve({ ...answer, ms: performance.now() - begun });
    const fail = (error: NodeJS.ErrnoException): void => end({ status: 0, headers: {}, body: '', error: error.code ?? error.message });
    const asked = request(url, { agent, method: ask.method ?? 'GET', headers: { ...ask.headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () =>
        end({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString(), error: undefined }),
      );
    });
    asked.setTimeout(ask.timeoutMs ?? 15_000, () => asked.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
    asked.on('error', fail);
    asked.end(ask.body);
  });
}
