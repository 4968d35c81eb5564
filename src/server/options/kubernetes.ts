/** Options about Kubernetes: as a source, as a place to report to, and its webhooks. */
import { list, optional, setting, toggle } from './setting.js';
import { type Address, oneOf, parseAddress } from './values.js';

export const KUBERNETES_SETTINGS = {
  kubernetes: toggle({
    flag: 'kubernetes',
    help: 'read the mesh from the Kubernetes API, in-cluster or by --kubeconfig, instead of --config',
  }),
  kubeconfig: optional({
    flag: 'kubeconfig',
    argument: '<file>',
    help: 'kubeconfig of that API; without it in-cluster, else KUBECONFIG or ~/.kube/config',
  }),
  context: optional({
    flag: 'context',
    argument: '<name>',
    help: 'context of the kubeconfig; without it its current one',
  }),
  namespace: setting<string>({
    flag: 'namespace',
    argument: '<name>',
    help: 'namespace that the control plane is in: of its ConfigMap istio, its secrets and leases',
    default: process.env['POD_NAMESPACE'] || 'istio-system',
    parse: String,
  }),
  revision: setting<string>({
    flag: 'revision',
    argument: '<name>',
    help: 'revision of this control plane; what is labelled istio.io/rev with another, and no tag of ours, is left to that one',
    default: process.env['REVISION'] || 'default',
    parse: String,
  }),
  revisionTags: list({
    flag: 'revision-tags',
    argument: '<name...>',
    help: 'more names of this revision, beside tags that the cluster has for it; default among them: also statuses of resources that name none',
  }),
  status: setting<'on' | 'off'>({
    flag: 'status',
    argument: '<when>',
    help: 'write the status of Gateway API resources, Ingresses, ServiceEntries and WorkloadEntries with --kubernetes: on or off',
    default: 'on',
    parse: oneOf('on', 'off'),
  }),
  resourceConditions: setting<'on' | 'off'>({
    flag: 'resource-conditions',
    argument: '<when>',
    help: "write conditions into every resource of Istio's: accepted, in conflict, programmed on how many proxies, refused by Envoy; on or off",
    default: 'off',
    parse: oneOf('on', 'off'),
  }),
  managedGateways: setting<'on' | 'off'>({
    flag: 'managed-gateways',
    argument: '<on|off>',
    help: "on Kubernetes: run Deployments and Services for Gateways of its Gateway API, of this revision's namespaces",
    default: 'on',
    parse: oneOf('on', 'off'),
  }),
  webhookAddress: setting<Address | undefined>({
    flag: 'webhook-address',
    argument: '<host:port>',
    help: "where Kubernetes' API server asks about pods to inject and configuration to validate, over TLS; or off",
    default: undefined,
    parse: parseAddress,
  }),
  injectConfig: optional({
    flag: 'inject-config',
    argument: '<file>',
    help: 'settings of injection: our own, or the ConfigMap istio-sidecar-injector; followed when it changes',
  }),
  nativeSidecars: setting<'auto' | 'true' | 'false'>({
    flag: 'native-sidecars',
    argument: '<mode>',
    help: 'whether proxies are injected as native sidecars: auto looks at the versions of nodes',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  }),
} as const;
