/** The webhook configurations in the Kubernetes API, kept right while we run: looked at now and then, and when the root changes. */
import type { CertificateAuthority } from '../ca/authority.js';
import type { ApiClient } from '../kubernetes/api-client.js';
import { ApiError } from '../kubernetes/api-error.js';
import type { Logger } from '../telemetry/log.js';
import { reconcileWebhooks, type WebhookClient, type WebhookConfiguration, type WebhookKind } from '../webhook/configurations.js';
import type { WebhookMetrics } from '../webhook/metrics.js';

export interface KeepOptions {
  readonly api: ApiClient;
  readonly authority: CertificateAuthority;
  readonly metrics: WebhookMetrics;
  readonly log: Logger;
  readonly revision: string;
  readonly namespace: string;
}

/** Replicas look at different times, and all write the same. */
const EVERY_MS = 15_000;
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

export function keepWebhookConfigurations(options: KeepOptions): { close(): void } {
  const { api, authority, metrics, log } = options;
  const client = webhookClient(api, options);
  let isRunning = false;
  const round = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    const onError = (error: unknown, name: string): void =>
      log.warn({ err: error, name }, 'a webhook configuration could not be put right; trying again');
    await reconcileWebhooks({ client, metrics, rootPem: () => authority.rootPem, onError });
    isRunning = false;
  };
  void round();
  const timer = setInterval(() => void round(), EVERY_MS).unref();
  const unwatch = authority.onSignerChange(() => void round());
  return {
    close() {
      clearInterval(timer);
      unwatch();
    },
  };
}

const PATHS: Readonly<Record<WebhookKind, string>> = {
  MutatingWebhookConfiguration: `${ADMISSION}/mutatingwebhookconfigurations`,
  ValidatingWebhookConfiguration: `${ADMISSION}/validatingwebhookconfigurations`,
};

export function webhookClient(api: ApiClient, { revision, namespace }: { readonly revision: string; readonly namespace: string }): WebhookClient {
  return {
    async list(kind) {
      // Those of istiod's charts and of `istioctl tag` too: whoever has our revision's name calls us.
      const query = { labelSelector: `istio.io/rev=${revision}` };
      return (await api.get<{ items: WebhookConfiguration[] }>(PATHS[kind], { query })).items;
    },
    async patch(kind, name, patch) {
      await api.write('PATCH', `${PATHS[kind]}/${name}`, { body: patch, contentType: 'application/json-patch+json' });
    },
    async writeInvalid() {
      const metadata = { name: 'mizzen-validation-test', namespace, labels: { 'istio.io/rev': revision } };
      const body = { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata, spec: { selector: { app: 'none' } } };
      try {
        await api.write('POST', `/apis/networking.istio.io/v1/namespaces/${namespace}/gateways`, { body, query: { dryRun: 'All' } });
        return 'admitted';
      } catch (error) {
        // The definition's schema may refuse it as well; that says nothing about us.
        if (error instanceof ApiError && error.message.includes('validation.istio.io') && error.message.includes('denied the request'))
          return 'refused';
        throw error;
      }
    },
  };
}
