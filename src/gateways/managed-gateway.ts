/**
 * A Gateway of Kubernetes' Gateway API whose proxies are ours to run (GA-002): what its manifests are a function of, and what all of them share.
 * https://gateway-api.sigs.k8s.io/reference/spec/#gatewayinfrastructure
 */
import type { EffectiveMeshConfig, ProxyConfig } from '../api/mesh-config.js';
import type { Values } from '../injection/values.js';
import { serviceAccountName, workloadName } from '../model/gateway-api/classes.js';
import type { GatewayRow, Listener } from '../model/gateway-api/types.js';

export type Texts = Readonly<Record<string, string>>;

/** One ConfigMap of changes to the manifests: `deployment`, `service` and so on, each a YAML overlay. */
export interface Overlays {
  /** `namespace/name`, for messages. */
  readonly name: string;
  readonly data: Texts;
}

/** One Gateway and what holds for it. */
export interface ManagedGateway {
  readonly gateway: GatewayRow;
  /** Its own listeners, then those of its ListenerSets. */
  readonly listeners: readonly Listener[];
  /** The class's defaults, then what the Gateway names; the latter wins. */
  readonly overlays: readonly Overlays[];
  readonly proxyConfig: ProxyConfig;
  /** HTTPS is to be had over HTTP/3 too (GW-027). */
  readonly http3?: true;
}

/** What an installation says about all of them. */
export interface GatewaySettings {
  readonly values: Values;
  readonly meshConfig: EffectiveMeshConfig;
  /** '' for the default one. */
  readonly revision: string;
  readonly clusterId: string;
  /** Istio's image with its agent, or a stock Envoy; a Gateway may choose by itself. */
  readonly template: 'gateway' | 'envoy-gateway';
  readonly compliancePolicy: string;
}

/** Any object that is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: ManifestKind;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Texts;
    readonly annotations?: Texts;
    readonly ownerReferences: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}
export type ManifestKind = 'ServiceAccount' | 'Deployment' | 'Service' | 'HorizontalPodAutoscaler' | 'PodDisruptionBudget';

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The controller of GatewayClasses that we are; also who owns the fields that we apply. */
export const CONTROLLER = 'istio.io/gateway-controller';
/** Objects with this label are a control plane's to write. */
export const MANAGED = 'gateway.istio.io/managed';
export const MANAGED_BY_US = 'istio.io-gateway-controller';
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';
const GATEWAY_CLASS = 'gateway.networking.k8s.io/gateway-class-name';
/** Annotations of a Gateway that speak to us and not to its objects. */
const OURS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'gateway.istio.io/name-override',
  'gateway.istio.io/service-account',
  'gateway.istio.io/controller-version',
]);

/** What the Gateway says of its infrastructure; where it says nothing, its own labels count (GA-003). */
export const infrastructureLabels = ({ metadata, spec }: GatewayRow): Texts =>
  spec.infrastructure?.labels === undefined ? metadata.labels : withoutReserved(spec.infrastructure.labels);

export function infrastructureAnnotations({ metadata, spec }: GatewayRow): Texts {
  const own = spec.infrastructure?.annotations === undefined ? metadata.annotations : withoutReserved(spec.infrastructure.annotations);
  return Object.fromEntries(Object.entries(own).filter(([name]) => !OURS.has(name)));
}

/** Names of the specification's own are not the user's to give. */
const withoutReserved = (texts: Texts): Texts =>
  Object.fromEntries(Object.entries(texts).filter(([name]) => !name.startsWith('gateway.networking.k8s.io/')));

/** Labels of all objects. */
export const objectLabels = (gateway: GatewayRow): Texts => ({
  ...infrastructureLabels(gateway),
  [GATEWAY_NAME]: gateway.metadata.name,
  [GATEWAY_CLASS]: gateway.spec.gatewayClassName,
  [MANAGED]: MANAGED_BY_US,
});

/** Metadata of all objects: deleted with the Gateway. The account has a name of its own. */
export function objectMeta(gateway: GatewayRow, name = workloadName(gateway)): Manifest['metadata'] {
  const annotations = infrastructureAnnotations(gateway);
  const { name: owner, namespace, uid = '' } = gateway.metadata;
  return {
    name,
    namespace,
    labels: objectLabels(gateway),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ownerReferences: [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: owner, uid }],
  };
}

export { serviceAccountName, workloadName };
