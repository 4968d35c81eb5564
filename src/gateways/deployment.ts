/** The Deployment of a managed Gateway's proxies (GA-002), and the pods that it makes. */
import type { Texts as MutableTexts } from '../injection/pod.js';
import type { TemplateInput } from '../injection/template-input.js';
import { envoyPod } from './envoy-pod.js';
import { istioPod } from './istio-pod.js';
import {
  GATEWAY_NAME,
  type GatewaySettings,
  infrastructureAnnotations,
  infrastructureLabels,
  type ManagedGateway,
  type Manifest,
  objectLabels,
  objectMeta,
  serviceAccountName,
  workloadName,
} from './managed-gateway.js';

const NETWORK = 'topology.istio.io/network';
const TEMPLATES = 'inject.istio.io/templates';
const PROXY_ID = 1337;

export function deploymentOf(managed: ManagedGateway, settings: GatewaySettings): Manifest {
  const { gateway } = managed;
  const input = templateInput(managed, settings);
  const pod = templateOf(managed, settings) === 'envoy-gateway' ? envoyPod(input) : istioPod(input);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: objectMeta(gateway),
    spec: {
      selector: { matchLabels: { [GATEWAY_NAME]: gateway.metadata.name } },
      template: {
        metadata: {
          labels: {
            'sidecar.istio.io/inject': 'false',
            'service.istio.io/canonical-name': workloadName(gateway),
            'service.istio.io/canonical-revision': 'latest',
            ...objectLabels(gateway),
          },
          annotations: {
            ...infrastructureAnnotations(gateway),
            'istio.io/rev': settings.revision === '' ? 'default' : settings.revision,
            ...pod.annotations,
          },
        },
        spec: { ...pod.spec, serviceAccountName: serviceAccountName(gateway) },
      },
    },
  };
}

/** The Gateway's annotation counts more than what the installation injects. */
function templateOf({ gateway }: ManagedGateway, { template }: GatewaySettings): GatewaySettings['template'] {
  const asked = { ...infrastructureAnnotations(gateway), ...gateway.metadata.annotations }[TEMPLATES]?.trim();
  if (asked === undefined || asked === '') return template;
  if (asked !== 'gateway' && asked !== 'envoy-gateway')
    throw new Error(`annotation ${TEMPLATES}: ${JSON.stringify(asked)} is neither gateway nor envoy-gateway`);
  return asked;
}

/** As for a pod that is injected: the Gateway's annotations are the pod's. */
function templateInput({ gateway, proxyConfig }: ManagedGateway, settings: GatewaySettings): TemplateInput {
  const { values, meshConfig, revision, clusterId, compliancePolicy } = settings;
  const { namespace } = gateway.metadata;
  const { global } = values;
  const own = infrastructureLabels(gateway)[NETWORK];
  const name = workloadName(gateway);
  return {
    pod: {
      metadata: { namespace, labels: canonical(name), annotations: gateway.metadata.annotations as MutableTexts },
      spec: { serviceAccountName: serviceAccountName(gateway) },
    },
    owner: { apiVersion: 'apps/v1', kind: 'Deployment', name, namespace },
    meshConfig,
    proxyConfig:
      own === undefined ? proxyConfig : { ...proxyConfig, proxyMetadata: { ...proxyConfig.proxyMetadata, ISTIO_META_REQUESTED_NETWORK_VIEW: own } },
    values: {
      ...values,
      global: {
        ...global,
        network: own ?? global.network,
        multiCluster: { ...global.multiCluster, clusterName: global.multiCluster.clusterName || clusterId },
      },
    },
    revision,
    nativeSidecars: true,
    proxyUid: PROXY_ID,
    proxyGid: PROXY_ID,
    compliancePolicy,
  };
}

const canonical = (name: string): MutableTexts => ({ 'service.istio.io/canonical-name': name, 'service.istio.io/canonical-revision': 'latest' });
