/**
 * The environment of Istio's agent (IN-006), in the order of the reference: who the pod is, where the control plane is, how to proxy.
 * https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars
 */
import type { EnvVar } from '../pod.js';
import { annotationsOf, labelsOf } from '../pod.js';
import { appContainers, firstOf, type TemplateInput, when } from '../template-input.js';
import { otelResourceAttributes } from './otel-attributes.js';
import { proxyConfigJson } from './proxy-config-json.js';

const fieldRef = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const resourceRef = (name: string, resource: string): EnvVar => ({ name, valueFrom: { resourceFieldRef: { resource, divisor: '1' } } });

/** Which of the variables a kind of proxy has. */
export interface EnvironmentOptions {
  /** Before all others. */
  readonly first?: readonly EnvVar[];
  readonly last?: readonly EnvVar[];
  /** A gateway's containers are told after the limits, and its mode comes from ProxyConfig alone. */
  readonly isGateway?: boolean;
  /** Only a proxy that is an Envoy has limits and a mode of interception. */
  readonly isEnvoy?: boolean;
}

export function agentEnvironment(input: TemplateInput, options: EnvironmentOptions = {}): EnvVar[] {
  const { first = [], last = [], isGateway = false, isEnvoy = true } = options;
  const { values, compliancePolicy, meshConfig } = input;
  const names = appContainers(input).map(({ name }) => name);
  const containers = { name: 'ISTIO_META_APP_CONTAINERS', ...(names.length > 0 && { value: names.join(',') }) };
  const isLocalhost = !isGateway && meshConfig.inboundTrafficPolicy.mode === 'LOCALHOST';
  return [
    ...first,
    ...when(isLocalhost, { name: 'REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION', value: 'true' }),
    { name: 'PILOT_CERT_PROVIDER', value: values.global.pilotCertProvider },
    { name: 'CA_ADDR', value: controlPlaneAddress(input) },
    fieldRef('POD_NAME', 'metadata.name'),
    fieldRef('POD_NAMESPACE', 'metadata.namespace'),
    fieldRef('INSTANCE_IP', 'status.podIP'),
    fieldRef('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    fieldRef('HOST_IP', 'status.hostIP'),
    ...when(isEnvoy, resourceRef('ISTIO_CPU_LIMIT', 'limits.cpu')),
    { name: 'PROXY_CONFIG', value: `${proxyConfigJson(input.proxyConfig)}\n` },
    { name: 'ISTIO_META_POD_PORTS', value: podPorts(input) },
    ...when(!isGateway, containers),
    ...when(isEnvoy, resourceRef('GOMEMLIMIT', 'limits.memory')),
    ...when(isEnvoy && compliancePolicy !== '', { name: 'COMPLIANCE_POLICY', value: compliancePolicy }),
    ...when(isEnvoy && compliancePolicy === 'fips-140-3', { name: 'GODEBUG', value: 'fips140=only' }),
    ...when(isGateway, containers),
    ...placeInMesh(input, isGateway, isEnvoy),
    ...proxyVariables(input),
    ...last,
  ];
}

function placeInMesh(input: TemplateInput, isGateway: boolean, isEnvoy: boolean): EnvVar[] {
  const { values, owner, pod, proxyConfig, meshConfig } = input;
  const annotations = annotationsOf(pod);
  const interception = isGateway ? undefined : annotations['sidecar.istio.io/interceptionMode'];
  const override = isGateway || isEnvoy ? undefined : '';
  const workload = isGateway || !isEnvoy ? owner.name : firstOf(labelsOf(pod)['service.istio.io/workload-name'], owner.name);
  const trustDomain = firstOf(meshConfig.trustDomain, values.global.trustDomain);
  const meshId = firstOf(values.global.meshID, trustDomain);
  const attributes = isGateway || !isEnvoy ? '' : otelResourceAttributes(input);
  return [
    { name: 'ISTIO_META_CLUSTER_ID', value: firstOf(values.global.multiCluster.clusterName, 'Kubernetes') },
    fieldRef('ISTIO_META_NODE_NAME', 'spec.nodeName'),
    ...when(isEnvoy, { name: 'ISTIO_META_INTERCEPTION_MODE', value: firstOf(interception, proxyConfig.interceptionMode, 'REDIRECT') }),
    ...when(values.global.network !== '', { name: 'ISTIO_META_NETWORK', value: values.global.network }),
    ...when(workload !== '', { name: 'ISTIO_META_WORKLOAD_NAME', value: workload }),
    ...when(owner.apiVersion !== '' && owner.name !== '', { name: 'ISTIO_META_OWNER', value: ownerUri(input) }),
    ...when(override === undefined && annotations['sidecar.istio.io/bootstrapOverride'] !== undefined, {
      name: 'ISTIO_BOOTSTRAP_OVERRIDE',
      value: '/etc/istio/custom-bootstrap/custom_bootstrap.json',
    }),
    ...when(meshId !== '', { name: 'ISTIO_META_MESH_ID', value: meshId }),
    ...when(trustDomain !== '', { name: 'TRUST_DOMAIN', value: trustDomain }),
    ...when(!isGateway && isEnvoy && values.global.proxy.tracer === 'datadog', ...datadogVariables(annotations['apm.datadoghq.com/env'])),
    ...when(attributes !== '', { name: 'OTEL_RESOURCE_ATTRIBUTES', value: attributes }),
  ];
}

/** Istio's agent asks there for certificates. */
export function controlPlaneAddress({ values }: TemplateInput): string {
  const { caAddress, istioNamespace } = values.global;
  return firstOf(caAddress, `${serviceName(values.revision)}.${istioNamespace}.svc:15012`);
}

export const serviceName = (revision: string): string => (revision === '' ? 'istiod' : `istiod-${revision}`);

/** `kubernetes://apis/apps/v1/namespaces/shop/deployments/web` */
function ownerUri({ owner }: TemplateInput): string {
  return `kubernetes://apis/${owner.apiVersion}/namespaces/${firstOf(owner.namespace, 'default')}/${owner.kind.toLowerCase()}s/${owner.name}`;
}

/** ProxyConfig.proxyMetadata as variables, by name. PC-008 */
export function proxyVariables({ proxyConfig }: TemplateInput): EnvVar[] {
  const variables = Object.entries(proxyConfig.proxyMetadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return variables.map(([name, value]) => ({ name, value }));
}

const PORT_FIELDS = ['name', 'hostPort', 'containerPort', 'protocol', 'hostIP'] as const;

/** Ports of all containers that are no init containers, as a JSON list of one port a line. */
function podPorts({ pod }: TemplateInput): string {
  const ports = (pod.spec?.containers ?? []).flatMap(({ ports: declared = [] }) => declared);
  const lines = ports.map((port) => {
    const fields = PORT_FIELDS.filter((field) => port[field] !== undefined && port[field] !== '' && (port[field] !== 0 || field === 'containerPort'));
    return JSON.stringify(Object.fromEntries(fields.map((field) => [field, port[field]])));
  });
  return `[${lines.map((line, index) => `\n    ${index === 0 ? '' : ','}${line}`).join('')}\n]`;
}

function datadogVariables(json: string | undefined): EnvVar[] {
  if (json === undefined) return [];
  const variables = parseMap('apm.datadoghq.com/env', json);
  return Object.entries(variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value: String(value) }));
}

/** A JSON object in an annotation. @throws Error that names the annotation. */
export function parseMap(annotation: string, json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new Error(`annotation ${annotation}: ${JSON.stringify(json)} is not a JSON object`);
}
