/** Whether injection and validation are set up: who would inject a pod, whether somebody answers, whether two would. */
import type { ApiObject } from '../kubernetes/api-object.js';
import { type Cluster, listOf, objectAt, serviceName } from './cluster.js';
import { type Finding, finding } from './report.js';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  readonly clientConfig?: { readonly caBundle?: string; readonly service?: { readonly name: string; readonly namespace: string } };
  readonly namespaceSelector?: { readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[] };
}

export async function checkWebhooks(cluster: Cluster): Promise<Finding[]> {
  const [mutating, validating] = [
    await listOf(cluster.api, `${ADMISSION}/mutatingwebhookconfigurations`),
    await listOf(cluster.api, `${ADMISSION}/validatingwebhookconfigurations`),
  ];
  if (mutating === undefined || validating === undefined) return [finding('warning', 'webhooks', 'you may not see the webhook configurations')];
  const injectors = mutating.filter((one) => webhooksOf(one).some(({ name }) => name.endsWith('sidecar-injector.istio.io')));
  const validators = validating.filter((one) => webhooksOf(one).some(({ name }) => name.endsWith('validation.istio.io')));
  const own = (all: readonly ApiObject[]): readonly ApiObject[] =>
    all.filter(({ metadata }) => metadata.labels?.['istio.io/rev'] === cluster.revision);
  return [
    ...(own(injectors).length === 0
      ? [finding('warning', 'webhooks', `nothing injects proxies of revision ${cluster.revision}`)]
      : [
          finding(
            'ok',
            'webhooks',
            `proxies of revision ${cluster.revision} are injected by ${own(injectors)
              .map(({ metadata }) => metadata.name)
              .join(', ')}`,
          ),
        ]),
    ...(own(validators).length === 0 ? [finding('warning', 'webhooks', `nothing validates configuration of revision ${cluster.revision}`)] : []),
    ...own(validators).flatMap(openValidator),
    ...[...own(injectors), ...own(validators)].flatMap(withoutBundle),
    ...twice(injectors),
    ...(await service(cluster)),
  ];
}

const webhooksOf = (configuration: ApiObject): readonly Webhook[] => (configuration['webhooks'] as readonly Webhook[] | undefined) ?? [];

function withoutBundle(configuration: ApiObject): Finding[] {
  const bare = webhooksOf(configuration).filter(({ clientConfig }) => clientConfig?.service !== undefined && !clientConfig.caBundle);
  const hint = 'the control plane puts its root there when it runs and may patch it';
  return bare.length === 0 ? [] : [finding('error', 'webhooks', `${configuration.metadata.name} has no caBundle`, hint)];
}

function openValidator(configuration: ApiObject): Finding[] {
  const isOpen = webhooksOf(configuration).some(({ failurePolicy }) => failurePolicy === 'Ignore');
  return isOpen
    ? [finding('warning', 'webhooks', `${configuration.metadata.name} lets everything in while nobody answers (failurePolicy Ignore)`)]
    : [];
}

/** Two configurations that take the same namespaces inject the same pods twice. */
function twice(injectors: readonly ApiObject[]): Finding[] {
  const taken = new Map<string, Set<string>>();
  for (const configuration of injectors) {
    for (const { namespaceSelector } of webhooksOf(configuration)) {
      for (const { key, operator, values = [] } of namespaceSelector?.matchExpressions ?? []) {
        if (operator !== 'In') continue;
        for (const value of values) {
          const label = `${key}=${value}`;
          taken.set(label, (taken.get(label) ?? new Set()).add(configuration.metadata.name));
        }
      }
    }
  }
  return [...taken]
    .filter(([, names]) => names.size > 1)
    .map(([label, names]) =>
      finding('error', 'webhooks', `namespaces labelled ${label} are injected by ${[...names].join(' and ')}`, 'remove one, or change its revision'),
    );
}

async function service({ api, namespace, revision }: Cluster): Promise<Finding[]> {
  const name = serviceName(revision);
  const found = await objectAt(api, `/api/v1/namespaces/${namespace}/services/${name}`);
  if (found === undefined)
    return [finding('error', 'webhooks', `there is no Service ${namespace}/${name}`, 'proxies and the API server look for the control plane there')];
  const slices = (await listOf(api, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`)) ?? [];
  const endpoints = slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap((slice) => (slice['endpoints'] as { conditions?: { ready?: boolean } }[] | undefined) ?? []);
  const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false).length;
  return [
    ready === 0
      ? finding('error', 'webhooks', `Service ${namespace}/${name} has no ready endpoint`)
      : finding('ok', 'webhooks', `Service ${namespace}/${name} has ${ready} ready endpoints`),
  ];
}
