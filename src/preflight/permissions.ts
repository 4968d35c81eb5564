/** Whether the control plane may do what it has to: asked of the API server, for its service account or for who asks. */
import type { ApiClient } from '../kubernetes/api-client.js';
import { type Finding, finding } from './report.js';

interface Need {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verbs: readonly string[];
  /** What it is good for. */
  readonly why: string;
  /** The control plane works without. */
  readonly optional?: boolean;
  /** In its own namespace alone. */
  readonly own?: boolean;
}

const READ = ['list', 'watch'];
/** The chart's roles in short; see deploy/helm/mizzen/templates/clusterrole.yaml. */
export const NEEDS: readonly Need[] = [
  ...['namespaces', 'nodes', 'pods', 'services', 'configmaps', 'secrets'].map((resource) => ({
    group: '',
    resource,
    verbs: READ,
    why: 'the mesh is made of them',
  })),
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: READ, why: 'the mesh is made of them' },
  { group: 'networking.istio.io', resource: 'virtualservices', verbs: READ, why: 'configuration' },
  { group: 'security.istio.io', resource: 'authorizationpolicies', verbs: READ, why: 'configuration' },
  { group: 'telemetry.istio.io', resource: 'telemetries', verbs: READ, why: 'configuration' },
  { group: 'extensions.istio.io', resource: 'wasmplugins', verbs: READ, why: 'configuration' },
  { group: 'authentication.k8s.io', resource: 'tokenreviews', verbs: ['create'], why: 'who a proxy is' },
  { group: 'authorization.k8s.io', resource: 'subjectaccessreviews', verbs: ['create'], why: 'which secrets a gateway may have' },
  { group: '', resource: 'configmaps', verbs: ['create', 'update'], why: 'the roots in every namespace' },
  { group: '', resource: 'secrets', verbs: ['create'], why: 'keeping the root', own: true },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update'], why: 'choosing who writes', own: true },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    verbs: ['list', 'watch', 'patch'],
    why: 'injection, tags of revisions',
  },
  { group: 'admissionregistration.k8s.io', resource: 'validatingwebhookconfigurations', verbs: ['list', 'patch'], why: 'validation' },
  { group: 'gateway.networking.k8s.io', resource: 'httproutes', verbs: READ, why: 'Gateway API', optional: true },
  ...[
    { group: 'apps', resource: 'deployments', verbs: ['list', 'watch', 'create', 'patch', 'delete'] },
    { group: '', resource: 'services', verbs: ['create', 'patch', 'delete'] },
    { group: '', resource: 'serviceaccounts', verbs: ['list', 'watch', 'create', 'patch', 'delete'] },
    { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list', 'watch', 'create', 'patch', 'delete'] },
    { group: 'policy', resource: 'poddisruptionbudgets', verbs: ['list', 'watch', 'create', 'patch', 'delete'] },
  ].map((need) => ({ ...need, why: 'managed gateways', optional: true })),
  { group: 'gateway.networking.k8s.io', resource: 'gatewayclasses', verbs: ['create'], why: 'the classes of Gateway API', optional: true },
  ...(
    [
      ['gateway.networking.k8s.io', 'gateways'],
      ['gateway.networking.k8s.io', 'httproutes'],
      ['networking.k8s.io', 'ingresses'],
      ['networking.istio.io', 'serviceentries'],
      ['networking.istio.io', 'workloadentries'],
    ] as const
  ).map(([group, resource]) => ({ group, resource, subresource: 'status', verbs: ['patch'], why: 'reports in status', optional: true })),
];

/** What `--mcs` needs besides. */
export const MCS_NEEDS: readonly Need[] = ['serviceexports', 'serviceimports'].map((resource) => ({
  group: 'multicluster.x-k8s.io',
  resource,
  verbs: READ,
  why: 'Multi-Cluster Services (--mcs)',
}));

export interface PermissionOptions {
  readonly api: ApiClient;
  readonly namespace: string;
  /** `namespace:name` of a service account. Absent: who asks. */
  readonly account?: { readonly namespace: string; readonly name: string };
  /** The control plane runs with `--mcs`. */
  readonly mcs?: boolean;
}

export async function checkPermissions({ api, namespace, account, mcs = false }: PermissionOptions): Promise<Finding[]> {
  const user = account === undefined ? undefined : `system:serviceaccount:${account.namespace}:${account.name}`;
  const groups =
    account === undefined ? undefined : ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`, 'system:authenticated'];
  const missing: Finding[] = [];
  for (const need of mcs ? [...NEEDS, ...MCS_NEEDS] : NEEDS) {
    const denied: string[] = [];
    for (const verb of need.verbs) {
      const { group, resource, subresource } = need;
      const resourceAttributes = { group, resource, verb, ...(subresource && { subresource }), ...(need.own === true && { namespace }) };
      if (!(await isAllowed(api, user === undefined ? { resourceAttributes } : { resourceAttributes, user, groups }))) denied.push(verb);
    }
    if (denied.length === 0) continue;
    const what = `${denied.join(', ')} ${need.resource}${need.subresource === undefined ? '' : `/${need.subresource}`}${need.group === '' ? '' : `.${need.group}`}`;
    missing.push(finding(need.optional === true ? 'warning' : 'error', 'permissions', `${user ?? 'you'} may not ${what}`, `needed for: ${need.why}`));
  }
  return missing.length > 0 ? missing : [finding('ok', 'permissions', `${user ?? 'you'} may do all that a control plane does`)];
}

async function isAllowed(api: ApiClient, spec: Record<string, unknown>): Promise<boolean> {
  const kind = 'user' in spec ? 'SubjectAccessReview' : 'SelfSubjectAccessReview';
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  const { status } = await api.write<{ status?: { allowed?: boolean } }>('POST', `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`, { body });
  return status?.allowed === true;
}
