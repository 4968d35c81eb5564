/**
 * Keeps the webhook configurations right (IN-001, VA-001): our root as `caBundle`, so that the API server trusts us; the validating webhook's
 * failure policy as configured once a test has shown that it answers, and never before, so that a broken one does not stop all writes.
 */
import type { WebhookMetrics } from './metrics.js';

export type WebhookKind = 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration';

/** The part of a configuration that we look at. */
export interface WebhookConfiguration {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly webhooks?: readonly Webhook[];
}

interface Webhook {
  readonly name: string;
  readonly clientConfig?: { readonly caBundle?: string };
  readonly failurePolicy?: string;
}

/** The Kubernetes API, as far as this needs it. */
export interface WebhookClient {
  /** Of this revision: by the label `istio.io/rev`, whoever made them. */
  list(kind: WebhookKind): Promise<readonly WebhookConfiguration[]>;
  /** A JSON patch that fails when the object has changed since. */
  patch(kind: WebhookKind, name: string, patch: readonly object[]): Promise<void>;
  /** Writes a Gateway that is wrong, as a dry run: refused by us, let in, or an error. */
  writeInvalid(): Promise<'refused' | 'admitted'>;
}

export interface ConfigurationsOptions {
  readonly client: WebhookClient;
  readonly metrics: WebhookMetrics;
  /** PEM of the root that our certificate ends at. */
  readonly rootPem: () => string;
  readonly onError: (error: unknown, name: string) => void;
}

/** A label of the validating configuration: what its policy is to be once it answers. Without it: Fail. */
const POLICY_LABEL = 'mizzen.dev/failure-policy';

/** How webhooks of injection end; a configuration may have others, which are not for us. */
const INJECTOR = 'sidecar-injector.istio.io';

/** One round over all configurations; call it when the root changes, when a configuration does, and now and then. */
export async function reconcileWebhooks(options: ConfigurationsOptions): Promise<void> {
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const) {
    let found: readonly WebhookConfiguration[] = [];
    try {
      found = await options.client.list(kind);
    } catch (error) {
      options.onError(error, kind);
    }
    for (const configuration of found) await reconcile(kind, configuration, options);
  }
}

async function reconcile(kind: WebhookKind, { metadata, webhooks = [] }: WebhookConfiguration, options: ConfigurationsOptions): Promise<void> {
  const { client, metrics, onError } = options;
  const { name, resourceVersion, labels } = metadata;
  const failurePolicy = labels?.[POLICY_LABEL] === 'Ignore' ? 'Ignore' : 'Fail';
  const bundle = Buffer.from(options.rootPem()).toString('base64');
  const isOurs = (webhook: Webhook): boolean => kind === 'ValidatingWebhookConfiguration' || webhook.name.endsWith(INJECTOR);
  const patch = webhooks.flatMap((webhook, index) => (isOurs(webhook) ? bundlePatch(webhook, index, bundle) : []));
  try {
    // The test needs the API server to trust us, so the bundle goes first and alone.
    if (patch.length > 0) await send(patch);
    else if (kind === 'ValidatingWebhookConfiguration' && webhooks.some((webhook) => webhook.failurePolicy !== failurePolicy)) {
      if ((await client.writeInvalid()) === 'refused') await send(webhooks.map((_, index) => policyPatch(index, failurePolicy)));
    }
  } catch (error) {
    metrics.patchFailures.inc({ name, reason: 'error' });
    onError(error, name);
  }

  async function send(operations: readonly object[]): Promise<void> {
    metrics.patchAttempts.inc({ name });
    const guard = resourceVersion === undefined ? [] : [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }];
    await client.patch(kind, name, [...guard, ...operations]);
  }
}

const policyPatch = (index: number, value: string): object => ({ op: 'replace', path: `/webhooks/${index}/failurePolicy`, value });

/** A webhook of a URL as well: that is how a remote cluster calls us. */
function bundlePatch({ clientConfig = {} }: Webhook, index: number, bundle: string): object[] {
  if (clientConfig.caBundle === bundle) return [];
  const value = { ...clientConfig, caBundle: bundle };
  return [{ op: 'replace', path: `/webhooks/${index}/clientConfig`, value }];
}
