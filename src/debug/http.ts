/**
 * HTTP for operators and machines: readiness, metrics and looking inside. Only reads, and never shows a secret. Meant for loopback.
 */
import { isIP } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Authenticator } from '../ca/authenticators/authenticator.js';
import type { Proxy } from '../model/proxy.js';
import type { Metrics } from '../telemetry/metrics.js';
import { type Caller, callerOfRequest, isLoopback } from './caller.js';
import type { AskPage } from './pages.js';
import { prometheusTargets } from './prometheus-targets.js';

/** What can be looked at. */
export interface DebugParts {
  readonly ask: AskPage;
  readonly rootNamespace: () => string;
  readonly metrics: Metrics;
  /** Who is connected; for Prometheus to find. */
  readonly proxies: () => readonly Proxy[];
  readonly isReady: () => boolean;
  /** Judge who looks at /debug from another machine (DB-005). */
  readonly authenticators: readonly Authenticator[];
  /** XD-028; shown at /version. */
  readonly version: string;
}

/** The HTTP server. */
export interface DebugServer {
  listen(address: { host: string; port: number }): Promise<{ host: string; port: number }>;
  /** Finishes requests that run. */
  close(): Promise<void>;
}

export function createDebugServer(parts: DebugParts): DebugServer {
  const app = fastify({ logger: false, forceCloseConnections: 'idle' });
  // A web page that has its own name resolve to loopback must not read what is here (DNS rebinding).
  app.addHook('onRequest', async (request, reply) => {
    if (isLoopback(request.socket.localAddress) && !isLocalName(request.hostname)) {
      await reply.code(403).send({ error: `host ${JSON.stringify(request.hostname)}: on loopback only addresses and localhost are answered` });
    }
  });
  addHealth(app, parts);
  addDebug(app, parts);
  return {
    async listen(address) {
      await app.listen(address);
      const bound = app.server.address();
      if (bound === null || typeof bound === 'string') throw new Error('the HTTP server is not bound to a TCP port');
      return { host: bound.address, port: bound.port };
    },
    close: () => app.close(),
  };
}

/** An address, localhost, or nothing (HTTP/1.0): no name that somebody else's DNS answers for. */
function isLocalName(name: string | undefined): boolean {
  const host = (name ?? '').replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return host === '' || host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0;
}

function addHealth(app: FastifyInstance, { metrics, isReady, version, proxies }: DebugParts): void {
  app.get('/ready', (_, reply) =>
    reply
      .code(isReady() ? 200 : 503)
      .type('text/plain')
      .send(isReady() ? 'ready\n' : 'not ready\n'),
  );
  app.get('/healthz', (_, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/version', (_, reply) => reply.type('text/plain').send(version));
  app.get('/sd/prometheus', (request) => prometheusTargets(proxies(), request.host));
  app.get('/metrics', async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}

/** Whoever looks from another machine has to be somebody; health and metrics say nothing that needs it. */
function addDebug(app: FastifyInstance, { ask, authenticators, rootNamespace: root }: DebugParts): void {
  const answer = async (request: { url: string; ip: string; headers: { authorization?: string } }, reply: FastifyReply): Promise<unknown> => {
    const rootNamespace = root();
    const caller: Caller | undefined = await callerOfRequest(request.ip, request.headers.authorization, { authenticators, rootNamespace });
    if (caller === undefined) {
      return reply.code(401).send({ error: `from another machine /debug needs the token of a workload in namespace ${rootNamespace}` });
    }
    const { status, body } = ask(request.url.replace(/^\/debug\/?/, ''), caller);
    if (typeof body === 'string') return reply.code(status).type('text/plain').send(body);
    const isPretty = new URLSearchParams(request.url.split('?', 2)[1]).has('pretty');
    return isPretty
      ? reply
          .code(status)
          .type('application/json')
          .send(JSON.stringify(body, null, 2))
      : reply.code(status).send(body);
  };
  app.get('/debug', answer);
  app.get('/debug/*', answer);
}
