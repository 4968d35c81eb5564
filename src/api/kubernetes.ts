/**
 * The Kubernetes kinds that a mesh reads, trimmed to the fields it uses. https://kubernetes.io/docs/reference/kubernetes-api/
 */
import type { Resource } from './resource.js';

export interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  appProtocol?: string;
  targetPort?: number | string;
  nodePort?: number;
}

export interface ServiceSpec {
  type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  clusterIP?: string;
  clusterIPs?: string[];
  externalIPs?: string[];
  externalName?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
  publishNotReadyAddresses?: boolean;
  internalTrafficPolicy?: 'Cluster' | 'Local';
  trafficDistribution?: string;
  ipFamilies?: string[];
}

export interface EndpointSlicePort {
  name?: string;
  port?: number;
  protocol?: string;
  appProtocol?: string;
}

export interface SliceEndpoint {
  addresses: string[];
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
  hostname?: string;
  nodeName?: string;
  zone?: string;
  targetRef?: { kind?: string; name?: string; namespace?: string };
}

/** EndpointSlice has no spec in Kubernetes; its body is kept as one. */
export interface EndpointSliceSpec {
  addressType?: 'IPv4' | 'IPv6' | 'FQDN';
  ports?: EndpointSlicePort[];
  endpoints?: SliceEndpoint[];
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

export interface PodSpec {
  serviceAccountName?: string;
  nodeName?: string;
  hostname?: string;
  subdomain?: string;
  hostNetwork?: boolean;
  containers?: { name?: string; image?: string; ports?: ContainerPort[] }[];
  initContainers?: { name?: string; restartPolicy?: string; ports?: ContainerPort[] }[];
}

export interface PodStatus {
  phase?: string;
  podIP?: string;
  podIPs?: { ip: string }[];
  conditions?: { type: string; status: string }[];
}

/** Secret data: base64 under `data`, plain under `stringData`. */
export interface SecretSpec {
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

export interface ConfigMapSpec {
  data?: Record<string, string>;
}

export interface IngressBackend {
  service?: { name: string; port?: { name?: string; number?: number } };
}

export interface IngressSpec {
  ingressClassName?: string;
  defaultBackend?: IngressBackend;
  tls?: { hosts?: string[]; secretName?: string }[];
  rules?: { host?: string; http?: { paths?: { path?: string; pathType?: string; backend: IngressBackend }[] } }[];
}

export type Service = Resource<'Service', ServiceSpec>;
export type EndpointSlice = Resource<'EndpointSlice', EndpointSliceSpec>;
export type Pod = Resource<'Pod', PodSpec> & { readonly status?: PodStatus };
export type Namespace = Resource<'Namespace', Record<string, unknown>>;
export type Node = Resource<'Node', Record<string, unknown>>;
export type Secret = Resource<'Secret', SecretSpec>;
export type ConfigMap = Resource<'ConfigMap', ConfigMapSpec>;
export type ServiceAccount = Resource<'ServiceAccount', Record<string, unknown>>;
export type Ingress = Resource<'Ingress', IngressSpec>;
