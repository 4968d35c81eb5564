/**
 * Kubernetes' Pod as far as injection looks into it; every other field passes through untouched.
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

/** Fields that injection does not look at. */
interface Open {
  [field: string]: unknown;
}

export type Texts = Record<string, string>;

export interface PodMeta extends Open {
  name?: string;
  generateName?: string;
  namespace?: string;
  labels?: Texts;
  annotations?: Texts;
  ownerReferences?: { apiVersion?: string; kind?: string; name?: string; controller?: boolean }[];
}

export interface EnvVar extends Open {
  name: string;
  value?: string;
  valueFrom?: Open;
}

export interface ContainerPort extends Open {
  name?: string;
  hostPort?: number;
  containerPort: number;
  protocol?: string;
  hostIP?: string;
}

export interface HttpGet extends Open {
  path?: string;
  /** A number, or the name of one of the container's ports. */
  port: number | string;
  host?: string;
  scheme?: string;
  httpHeaders?: { name: string; value: string }[];
}

/** What a probe and a lifecycle hook have in common. */
export interface Handler extends Open {
  httpGet?: HttpGet;
  tcpSocket?: { port: number | string; host?: string };
  grpc?: { port: number; service?: string | null };
  exec?: { command?: string[] };
}

export interface Probe extends Handler {
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  failureThreshold?: number;
}

export interface SecurityContext extends Open {
  runAsUser?: number;
  runAsGroup?: number;
}

export interface Container extends Open {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  ports?: ContainerPort[];
  env?: EnvVar[];
  resources?: Open;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; [field: string]: unknown }[];
  restartPolicy?: string;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  startupProbe?: Probe;
  lifecycle?: { postStart?: Handler; preStop?: Handler };
  securityContext?: SecurityContext;
}

export interface Volume extends Open {
  name: string;
}

export interface PodSpec extends Open {
  containers?: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  imagePullSecrets?: { name: string }[];
  hostNetwork?: boolean;
  nodeName?: string;
  serviceAccountName?: string;
  securityContext?: Open;
  dnsPolicy?: string;
}

export interface Pod extends Open {
  apiVersion?: string;
  kind?: string;
  metadata?: PodMeta;
  spec?: PodSpec;
}

/** The container that Istio's users know by name: overrides, logs and probes look for it. */
export const PROXY_CONTAINER = 'istio-proxy';
export const INIT_CONTAINER = 'istio-init';
export const VALIDATION_CONTAINER = 'istio-validation';

export const annotationsOf = (pod: Pod): Texts => pod.metadata?.annotations ?? {};
export const labelsOf = (pod: Pod): Texts => pod.metadata?.labels ?? {};

export const findContainer = (name: string, containers: readonly Container[] | undefined): Container | undefined =>
  containers?.find((container) => container.name === name);

/** The proxy's container, an ordinary one or a native sidecar. */
export const findProxy = ({ spec }: Pod): Container | undefined =>
  findContainer(PROXY_CONTAINER, spec?.containers) ?? findContainer(PROXY_CONTAINER, spec?.initContainers);
