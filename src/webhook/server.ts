/**
 * The HTTPS server that the API server asks (15017): `/inject` and `/validate`. Its certificate is signed by our CA; webhook configurations hold the
 * root (see configurations.ts). https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
import type { Server } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { type AdmissionRequest, answerReview, readReview, type Verdict } from './admission.js';
import { type InjectionSource, injectVerdict } from './inject.js';
import type { WebhookMetrics } from './metrics.js';
import { validateVerdict } from './validate.js';

/** Twice what etcd takes, twice again for what JSON adds: more is no Kubernetes object. */
const MAX_BODY = 6 * 1024 * 1024;

export interface WebhookOptions {
  readonly tls: SecureContextOptions;
  /** Absent: pods are not injected here. */
  readonly injection?: InjectionSource;
  readonly metrics: WebhookMetrics;
  /** Before that no question is answered: the failure policy decides. */
  readonly isReady: () => boolean;
  readonly log?: (event: WebhookEvent) => void;
}

/** One decision, for the log. */
export interface WebhookEvent {
  readonly webhook: 'inject' | 'validate';
  readonly name: string;
  readonly decision: string;
}

export interface WebhookServer {
  listen(address: { host: string; port: number }): Promise<{ host: string; port: number }>;
  /** Takes a renewed certificate for connections to come. */
  setCertificate(tls: SecureContextOptions): void;
  /** Finishes requests that run. */
  close(): Promise<void>;
}

export function createWebhookServer(options: WebhookOptions): WebhookServer {
  const { tls, isReady, metrics, injection } = options;
  const app = fastify({
    logger: false,
    https: { ...tls, minVersion: 'TLSv1.2' },
    bodyLimit: MAX_BODY,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    forceCloseConnections: 'idle',
  });
  // Content in other types is refused by fastify: 415.
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (_, reply) => {
    if (!isReady()) await reply.code(503).send({ error: 'not ready' });
  });
  app.addHook('onError', async (request, reply) => {
    if (request.url.startsWith('/validate')) metrics.httpErrors.inc({ status: reply.statusCode });
    else metrics.failed.inc();
  });
  app.get('/ready', (_, reply) => reply.type('text/plain').send('ready\n'));
  app.post('/validate', (request, reply) => reviewed(request, reply, (review) => validated(review, options)));
  if (injection !== undefined) {
    const inject = (request: FastifyRequest, reply: FastifyReply): unknown =>
      reviewed(request, reply, (review) => injected(review, request.url, injection, options));
    app.post('/inject', inject);
    app.post('/inject/*', inject);
  }
  return serverOf(app as unknown as FastifyInstance<Server>);
}

function reviewed(request: FastifyRequest, reply: FastifyReply, decide: (review: AdmissionRequest) => Verdict): unknown {
  let review: AdmissionRequest;
  try {
    review = readReview(request.body);
  } catch (error) {
    return reply.code(400).send({ error: (error as Error).message });
  }
  return answerReview(review.uid, decide(review));
}

function injected(review: AdmissionRequest, url: string, source: InjectionSource, { metrics, log }: WebhookOptions): Verdict {
  metrics.injections.inc();
  const end = metrics.injectionTime.startTimer();
  const { skipped, ...verdict } = injectVerdict(review, url.split('?')[0]!, source);
  end();
  if (!verdict.allowed) metrics.failed.inc();
  else if (skipped !== undefined) metrics.skipped.inc();
  if (verdict.allowed) metrics.injected.inc();
  log?.({ webhook: 'inject', name: nameOf(review), decision: skipped ?? verdict.message ?? 'injected' });
  return verdict;
}

function validated(review: AdmissionRequest, { metrics, log }: WebhookOptions): Verdict {
  const verdict = validateVerdict(review);
  const { group = '', version = '', resource = '' } = review.resource ?? {};
  if (verdict.allowed) metrics.valid.inc({ group, version, resource });
  else {
    metrics.invalid.inc({ group, version, resource, reason: 'invalid_resource' });
    log?.({ webhook: 'validate', name: nameOf(review), decision: verdict.message ?? 'refused' });
  }
  return verdict;
}

function nameOf({ namespace = '', name, object }: AdmissionRequest): string {
  const { metadata } = (object ?? {}) as { metadata?: { name?: string; generateName?: string } };
  return `${namespace}/${name || metadata?.name || `${metadata?.generateName ?? ''}…`}`;
}

function serverOf(app: FastifyInstance<Server>): WebhookServer {
  return {
    async listen(address) {
      await app.listen(address);
      const bound = app.server.address();
      if (bound === null || typeof bound === 'string') throw new Error('the webhook server is not bound to a TCP port');
      return { host: bound.address, port: bound.port };
    },
    setCertificate: (tls) => app.server.setSecureContext(tls),
    close: () => app.close(),
  };
}
