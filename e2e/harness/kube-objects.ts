/** Writing to a Kubernetes API as kubectl does, and playing the controllers that tests run without. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { istioCrds } from '../../src/api/crds.js';
import { KINDS, type KindInfo } from '../../src/api/kinds.js';
import type { ApiClient } from '../../src/kubernetes/api-client.js';
import { type ApiObject, apiPath } from '../../src/kubernetes/api-object.js';
import { checkout } from './processes.js';
import { until } from './wait.js';

const OTHERS: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io/v1 CustomResourceDefinition': 'customresourcedefinitions',
  'rbac.authorization.k8s.io/v1 ClusterRole': 'clusterroles',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': 'clusterrolebindings',
  'rbac.authorization.k8s.io/v1 Role': 'roles',
  'rbac.authorization.k8s.io/v1 RoleBinding': 'rolebindings',
  'apps/v1 Deployment': 'deployments',
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': 'mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': 'validatingwebhookconfigurations',
  'networking.k8s.io/v1 NetworkPolicy': 'networkpolicies',
  'policy/v1 PodDisruptionBudget': 'poddisruptionbudgets',
};

/** Where an object belongs. */
export function pathOf({ apiVersion = 'v1', kind = '', metadata }: ApiObject): string {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const plural = OTHERS[`${apiVersion} ${kind}`] ?? KINDS.find((one) => one.group === group && one.yamlKind === kind)?.plural;
  if (plural === undefined) throw new Error(`no path is known for ${apiVersion} ${kind}`);
  return apiPath({ group, version, plural, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) }, metadata.name);
}

/** Writes an object, as `kubectl apply --server-side` does; its status too where it has one. */
export async function apply(client: ApiClient, object: ApiObject): Promise<void> {
  const { status, ...rest } = object;
  const query = { fieldManager: 'e2e', force: 'true' };
  const contentType = 'application/apply-patch+yaml';
  await client.write('PATCH', pathOf(object), { body: rest, query, contentType });
  if (status === undefined) return;
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  await client.write('PATCH', `${pathOf(object)}/status`, { body: { apiVersion, kind, metadata: { name, namespace }, status }, query, contentType });
}

export async function applyYaml(client: ApiClient, text: string): Promise<void> {
  for (const document of parseAllDocuments(text)) await apply(client, document.toJS() as ApiObject);
}

export async function remove(client: ApiClient, object: ApiObject): Promise<void> {
  await client.write('DELETE', pathOf(object), { body: { propagationPolicy: 'Background', gracePeriodSeconds: 0 } });
}

/** Account and permissions of our manifests, for the revision `mizzen`. */
export async function applyPermissions(client: ApiClient): Promise<void> {
  const manifests = parseAllDocuments(readFileSync(join(checkout, 'deploy/manifests/mizzen.yaml'), 'utf8')).map(
    (one) => one.toJS() as ApiObject | null,
  );
  for (const object of manifests) if (object !== null && PERMISSIONS.includes(object.kind ?? '')) await apply(client, object);
}
const PERMISSIONS = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ConfigMap'];

/** Makes the kinds known, and waits until the server serves them. */
export async function applyDefinitions(client: ApiClient, definitions: readonly ApiObject[]): Promise<void> {
  for (const definition of definitions) await apply(client, definition);
  for (const definition of definitions)
    await until(
      `${definition.metadata.name} to be served`,
      async () => {
        const { status } = await client.get(pathOf(definition));
        return (status as { conditions?: { type: string; status: string }[] }).conditions?.some(
          (one) => one.type === 'Established' && one.status === 'True',
        );
      },
      { timeoutMs: 40_000 },
    );
}

/** Istio's definitions, as `mizzen crds` prints them. */
export const istioDefinitions = (): readonly ApiObject[] => istioCrds() as unknown as ApiObject[];

/** Definitions of Gateway API that let everything pass: what is in them is the control plane's to judge here. */
export function gatewayApiDefinitions(): readonly ApiObject[] {
  const kinds = KINDS.filter(({ group }) => group === 'gateway.networking.k8s.io');
  return kinds.map((info) => openDefinition(info));
}

const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
/** A list of things with names, which several managers may have parts of; as in Gateway API's own definitions. */
const named = (key: string, properties = {}): object => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items: { ...OPEN, required: [key], properties: { [key]: { type: 'string' }, ...properties } },
});
const STATUS = {
  ...OPEN,
  properties: { conditions: named('type'), listeners: named('name', { conditions: named('type') }), supportedFeatures: named('name') },
};

/** A definition whose objects may hold anything under spec and status. */
function openDefinition({ group, yamlKind, plural, versions, namespaced }: KindInfo): ApiObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' } },
    spec: {
      group,
      names: { kind: yamlKind, plural, singular: yamlKind.toLowerCase(), listKind: `${yamlKind}List` },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: OPEN, status: STATUS } } },
      })),
    },
  };
}
