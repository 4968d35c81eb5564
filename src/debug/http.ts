/**
 * HTTP for operators and machines: readiness, metrics and looking inside. Only reads, and never shows a secret. Meant for loopback.
 */
import { isIP } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { formatFinding } from '../analysis/finding.js';
import { defineAnalysis } from '../analysis/index.js';
import { formatProblem, type Problem } from '../api/problem.js';
import type { Mesh } from '../model/mesh.js';
import type { Proxy } from '../model/proxy.js';
import { dumpConfig } from '../server/config-dump.js';
import { patchCheck } from '../server/patch-check.js';
import { fieldLocator } from '../sources/field-location.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Views } from '../views/views.js';
import type { XdsServer } from '../xds/server.js';
import { syncz } from './syncz.js';

/** What can be looked at. */
export interface DebugParts {
  readonly mesh: Mesh;
  readonly views: Views;
  readonly xds: XdsServer;
  readonly metrics: Metrics;
  readonly problems: () => readonly Problem[];
  readonly isReady: () => boolean;
}

/** The HTTP server. */
export interface DebugServer {
  listen(address: { host: string; port: number }): Promise<{ host: string; port: number }>;
  /** Finishes requests that run. */
  close(): Promise<void>;
}

const PAGES = {
  '/ready': '200 when configuration is loaded and proxies are served',
  '/healthz': '200 while the process runs',
  '/metrics': 'Prometheus metrics',
  '/debug/syncz': 'what each proxy was sent and what it accepted',
  '/debug/config_dump?proxyID=NAME.NAMESPACE[&origins]': 'what a proxy is served, and the rows that it was made from',
  '/debug/problems': 'what is wrong with the configuration',
  '/debug/analysis': 'what resources do to each other: conflicts, names that lead nowhere, routes that nothing reaches',
  '/debug/graph': 'counters of the dependency graph; ?format=mermaid draws it',
};

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

const isLoopback = (address = ''): boolean => address === '::1' || /^(::ffff:)?127\./.test(address);

/** An address, localhost, or nothing (HTTP/1.0): no name that somebody else's DNS answers for. */
function isLocalName(name: string | undefined): boolean {
  const host = (name ?? '').replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return host === '' || host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0;
}

function addHealth(app: FastifyInstance, { metrics, isReady }: DebugParts): void {
  app.get('/ready', (_, reply) =>
    reply
      .code(isReady() ? 200 : 503)
      .type('text/plain')
      .send(isReady() ? 'ready\n' : 'not ready\n'),
  );
  app.get('/healthz', (_, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/metrics', async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}

function addDebug(app: FastifyInstance, { mesh, views, xds, problems }: DebugParts): void {
  app.get('/debug', () => PAGES);
  app.get('/debug/syncz', () => xds.connections().map(syncz).sort(byProxy));
  const analysis = defineAnalysis(mesh, { extra: [patchCheck(views)] });
  app.get('/debug/analysis', () => analysis.findings(fieldLocator()).map((finding) => ({ ...finding, text: formatFinding(finding) })));
  app.get('/debug/problems', () => problems().map((problem) => ({ ...problem, text: formatProblem(problem) })));
  app.get<{ Querystring: { format?: string } }>('/debug/graph', (request, reply) =>
    request.query.format === 'mermaid' ? reply.type('text/plain').send(mesh.graph.describe()) : reply.send(mesh.graph.stats()),
  );
  app.get<{ Querystring: { proxyID?: string; origins?: string } }>('/debug/config_dump', (request, reply) => {
    const proxies = [...mesh.rows.proxies.list().values()];
    const { proxyID = '', origins } = request.query;
    const proxy = proxies.find((one) => one.id === proxyID || nameOf(one) === proxyID || one.key === proxyID);
    if (proxy === undefined) {
      return reply.code(404).send({ error: `no proxy ${JSON.stringify(proxyID)} is connected`, proxies: [...new Set(proxies.map(nameOf))].sort() });
    }
    return reply.send(dumpConfig(views, proxy.key, { origins: origins !== undefined && origins !== 'false', redact: true }));
  });
}

const nameOf = (proxy: Proxy): string => `${proxy.name}.${proxy.namespace}`;

const byProxy = (a: Record<string, unknown>, b: Record<string, unknown>): number => (String(a['proxy']) < String(b['proxy']) ? -1 : 1);
