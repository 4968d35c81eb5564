import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { type ConfigurationsOptions, reconcileWebhooks, type WebhookClient, type WebhookConfiguration, type WebhookKind } from './configurations.js';
import { WebhookMetrics } from './metrics.js';

const ROOT = 'the root';
const INJECTOR = 'rev.namespace.sidecar-injector.istio.io';
const BUNDLE = Buffer.from(ROOT).toString('base64');

function run(mutating: object[], validating: object[], more: { admitted?: boolean; fails?: boolean; policy?: 'Ignore' } = {}) {
  const patches: [WebhookKind, string, readonly object[]][] = [];
  const errors: string[] = [];
  const configuration = (name: string, webhooks: object[]): WebhookConfiguration =>
    ({
      metadata: { name, resourceVersion: '7', labels: more.policy ? { 'mizzen.dev/failure-policy': more.policy } : {} },
      webhooks,
    }) as unknown as WebhookConfiguration;
  const client: WebhookClient = {
    list: async (kind) => [kind === 'MutatingWebhookConfiguration' ? configuration('injector', mutating) : configuration('validator', validating)],
    async patch(kind, name, patch) {
      if (more.fails === true) throw new Error('conflict');
      patches.push([kind, name, patch]);
    },
    writeInvalid: async () => (more.admitted === true ? 'admitted' : 'refused'),
  };
  const options: ConfigurationsOptions = {
    client,
    metrics: new WebhookMetrics(new Registry()),
    rootPem: () => ROOT,
    onError: (error, name) => errors.push(`${name}: ${(error as Error).message}`),
  };
  return reconcileWebhooks(options).then(() => ({ patches, errors }));
}

const trusted = (more: object = {}) => ({ name: INJECTOR, clientConfig: { service: {}, caBundle: BUNDLE }, failurePolicy: 'Ignore', ...more });
const guard = { op: 'test', path: '/metadata/resourceVersion', value: '7' };

describe('webhook configurations', () => {
  test('IN-001: the root is put where it is missing or old, guarded by the version', async () => {
    const { patches } = await run([trusted(), { name: INJECTOR, clientConfig: { service: { name: 's' } } }], []);
    const value = { service: { name: 's' }, caBundle: BUNDLE };
    expect(patches).toEqual([['MutatingWebhookConfiguration', 'injector', [guard, { op: 'replace', path: '/webhooks/1/clientConfig', value }]]]);
  });

  test('IN-001, CL-012: a webhook that is called by a URL gets the root as any other', async () => {
    const { patches } = await run([{ name: INJECTOR, clientConfig: { url: 'https://istiod/inject', caBundle: 'old' } }], []);
    const value = { url: 'https://istiod/inject', caBundle: BUNDLE };
    expect(patches).toEqual([['MutatingWebhookConfiguration', 'injector', [guard, { op: 'replace', path: '/webhooks/0/clientConfig', value }]]]);
  });

  test('IN-001: a webhook that does not inject keeps its bundle', async () => {
    expect((await run([{ name: 'x', clientConfig: { caBundle: 'b' } }], [])).patches).toEqual([]);
  });

  test('VA-001: the failure policy is set once a wrong resource is refused', async () => {
    const { patches } = await run([], [trusted()]);
    expect(patches).toEqual([
      ['ValidatingWebhookConfiguration', 'validator', [guard, { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Fail' }]],
    ]);
  });

  test('VA-001: as long as a wrong resource gets in, it stays open', async () => {
    expect((await run([], [trusted()], { admitted: true })).patches).toEqual([]);
  });

  test('VA-001: first the bundle, then the policy: without trust the test says nothing', async () => {
    const { patches } = await run([], [{ name: 'w', clientConfig: {}, failurePolicy: 'Ignore' }]);
    expect(patches.map(([, , operations]) => operations.length)).toEqual([2]);
    expect(JSON.stringify(patches)).not.toContain('failurePolicy');
  });

  test('VA-001: a policy that is to be open stays so', async () => {
    expect((await run([], [trusted()], { policy: 'Ignore' })).patches).toEqual([]);
  });

  test('IN-001: an error costs its configuration, and is told', async () => {
    const { errors } = await run([{ name: INJECTOR, clientConfig: {} }], [{ name: 'x', clientConfig: {} }], { fails: true });
    expect(errors).toEqual(['injector: conflict', 'validator: conflict']);
  });
});
