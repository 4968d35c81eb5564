/**
 * Kubernetes Service → Service (SD-001 to SD-008, SD-012, SD-013, SD-028, SD-029).
 * https://kubernetes.io/docs/concepts/services-networking/service/
 */
import type { Service as KubernetesService } from '../api/kubernetes.js';
import { keyOf, nameKeyOf } from '../api/resource.js';
import { type NamespaceDefaults, TRAFFIC_DISTRIBUTION } from './namespace-defaults.js';
import { hasSessions } from './persistent-session.js';
import { kubernetesProtocol } from './protocol.js';
import type { Port, Service } from './service.js';
import { parseVisibility } from './visibility.js';

/** What the conversion needs of the mesh. */
export interface ServiceContext {
  /** `cluster.local` */
  readonly domain: string;
  readonly trustDomain: string;
  readonly defaultExportTo: readonly string[];
}

/** {@link ServiceContext} and what the namespace of the row adds. */
export type ServiceContextIn = ServiceContext & NamespaceDefaults;

export const UNSPECIFIED = '0.0.0.0';

export const kubernetesHostname = (name: string, namespace: string, domain: string): string => `${name}.${namespace}.svc.${domain}`;

/** Converts one Service; `aliases` are the ExternalName services that end here. */
export function fromKubernetes(row: KubernetesService, context: ServiceContextIn, aliases: Service['aliases']): Service {
  const { name, namespace, annotations, labels } = row.metadata;
  const { spec } = row;
  const isHeadless = spec.clusterIP === 'None';
  const isAlias = spec.type === 'ExternalName';
  const addresses = isAlias ? [] : clusterAddresses(spec.clusterIPs, spec.clusterIP);
  const selector = spec.selector !== undefined && Object.keys(spec.selector).length > 0 ? spec.selector : undefined;
  return {
    key: `k:${nameKeyOf(row)}`,
    hostname: kubernetesHostname(name, namespace, context.domain),
    name,
    namespace,
    registry: 'Kubernetes',
    ports: (spec.ports ?? []).map(toPort),
    resolution: isAlias ? 'Alias' : isHeadless ? 'Passthrough' : 'EDS',
    address: addresses[0] ?? UNSPECIFIED,
    addresses,
    isHeadless,
    meshExternal: false,
    visibility: parseVisibility(annotationList(annotations['networking.istio.io/exportTo']), namespace, context.defaultExportTo),
    labels,
    ...(selector && { selector }),
    serviceAccounts: annotatedAccounts(annotations, namespace, context.trustDomain),
    internalTrafficPolicyLocal: spec.internalTrafficPolicy === 'Local',
    publishNotReadyAddresses: spec.publishNotReadyAddresses === true,
    ...trafficDistribution(spec.trafficDistribution, annotations, context),
    persistentSession: hasSessions(labels),
    aliases,
    ...(isAlias && spec.externalName !== undefined && { externalName: spec.externalName }),
    createdAt: row.createdAt,
    from: { kind: 'Service', key: keyOf(row) },
  };
}

function toPort(port: NonNullable<KubernetesService['spec']['ports']>[number]): Port {
  return {
    name: port.name ?? '',
    port: port.port,
    protocol: kubernetesProtocol(port),
    // As the API server has it: nothing and zero are the port itself.
    ...(port.targetPort !== undefined && port.targetPort !== 0 && port.targetPort !== '' && { targetPort: port.targetPort }),
  };
}

function clusterAddresses(clusterIPs: readonly string[] | undefined, clusterIP: string | undefined): readonly string[] {
  const all = clusterIPs !== undefined && clusterIPs.length > 0 ? clusterIPs : clusterIP !== undefined ? [clusterIP] : [];
  return all.filter((address) => address !== '' && address !== 'None');
}

/** Splits a comma-separated annotation; undefined when it is missing or empty. */
export function annotationList(text: string | undefined): readonly string[] | undefined {
  const items = (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return items.length === 0 ? undefined : items;
}

function annotatedAccounts(annotations: Readonly<Record<string, string>>, namespace: string, trustDomain: string): readonly string[] {
  const canonical = annotationList(annotations['alpha.istio.io/canonical-serviceaccounts']) ?? [];
  const kubernetes = annotationList(annotations['alpha.istio.io/kubernetes-serviceaccounts']) ?? [];
  return [...canonical, ...kubernetes.map((account) => `spiffe://${trustDomain}/ns/${namespace}/sa/${account}`)].sort();
}

const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];

/** A field that is known wins over the annotation (in any case of letters), and that over the namespace's, even when it is not known. */
export function trafficDistribution(
  field: string | undefined,
  annotations: Readonly<Record<string, string>>,
  inNamespace: Pick<NamespaceDefaults, 'trafficDistribution'>,
): { trafficDistribution?: string } {
  if (field !== undefined && DISTRIBUTIONS.includes(field)) return { trafficDistribution: field };
  const text = (annotations[TRAFFIC_DISTRIBUTION] || inNamespace.trafficDistribution).toLowerCase();
  const known = DISTRIBUTIONS.find((word) => word.toLowerCase() === text);
  return known === undefined ? {} : { trafficDistribution: known };
}
