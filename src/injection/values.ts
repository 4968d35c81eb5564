/**
 * What an installation says about injected proxies, under the names of Istio's chart, so that a values file or the ConfigMap
 * istio-sidecar-injector can be taken over as it is. https://istio.io/latest/docs/reference/config/istio.operator.v1alpha1/#Values
 */
import type { Container } from './pod.js';

type Open = Record<string, unknown>;

export interface ProxyValues {
  image: string;
  clusterDomain: string;
  logLevel: string;
  componentLogLevel: string;
  includeIPRanges: string;
  excludeIPRanges: string;
  includeInboundPorts: string;
  excludeInboundPorts: string;
  includeOutboundPorts: string;
  excludeOutboundPorts: string;
  privileged: boolean;
  /** Istio's agent answers probes and metrics there; 0: no probes. */
  statusPort: number | string;
  readinessInitialDelaySeconds: number;
  readinessPeriodSeconds: number;
  readinessFailureThreshold: number;
  startupProbe: { enabled: boolean; failureThreshold: number };
  resources: Open | null;
  seccompProfile: Open;
  tracer: string;
  outlierLogPath: string;
  holdApplicationUntilProxyStarts?: boolean;
  capNetBindService?: string | boolean;
  lifecycle?: Container['lifecycle'];
}

export interface GlobalValues {
  istioNamespace: string;
  hub: string;
  tag: string | number;
  /** '' (default), 'debug' or 'distroless'. */
  variant: string;
  imagePullPolicy: string;
  imagePullSecrets: string[];
  logAsJson: boolean;
  logging: { level: string };
  nativeNftables: boolean;
  proxy: ProxyValues;
  proxy_init: { image: string; forceApplyIptables: boolean };
  caAddress: string;
  caName: string;
  meshID: string;
  mountMtlsCerts: boolean;
  multiCluster: { clusterName: string };
  network: string;
  pilotCertProvider: string;
  sds: { token: { aud: string } };
  sts: { servicePort: number };
  trustDomain?: string;
  trustBundleName?: string;
}

export interface Values {
  global: GlobalValues;
  revision: string;
  pilot: { cni: { enabled: boolean; provider: string }; env: Open; crlConfigMapName?: string };
  sidecarInjectorWebhook: { rewriteAppHTTPProbe: boolean };
  gateways: { securityContext: Open; seccompProfile: Open };
  /** Of ours: what the templates for stock Envoy use. */
  envoy: EnvoyValues;
}

/** Images and settings of the templates `envoy` and `envoy-gateway`, which do without Istio's agent. */
export interface EnvoyValues {
  image: string;
  /** Mizzen's own image: writes the bootstrap and the iptables rules. */
  initImage: string;
  /** Where Envoy finds the control plane; '' for the Service of this revision. */
  xdsAddress: string;
}

/** The defaults of Istio's chart. */
export const DEFAULT_VALUES: Values = {
  global: {
    istioNamespace: 'istio-system',
    hub: 'registry.istio.io/release',
    tag: '1.30.0',
    variant: '',
    imagePullPolicy: '',
    imagePullSecrets: [],
    logAsJson: false,
    logging: { level: 'default:info' },
    nativeNftables: false,
    proxy: {
      image: 'proxyv2',
      clusterDomain: 'cluster.local',
      logLevel: 'warning',
      componentLogLevel: 'misc:error',
      includeIPRanges: '*',
      excludeIPRanges: '',
      includeInboundPorts: '*',
      excludeInboundPorts: '',
      includeOutboundPorts: '',
      excludeOutboundPorts: '',
      privileged: false,
      statusPort: 15020,
      readinessInitialDelaySeconds: 0,
      readinessPeriodSeconds: 15,
      readinessFailureThreshold: 4,
      startupProbe: { enabled: true, failureThreshold: 600 },
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2000m', memory: '1024Mi' } },
      seccompProfile: {},
      tracer: 'none',
      outlierLogPath: '',
    },
    proxy_init: { image: 'proxyv2', forceApplyIptables: false },
    caAddress: '',
    caName: '',
    meshID: '',
    mountMtlsCerts: false,
    multiCluster: { clusterName: '' },
    network: '',
    pilotCertProvider: 'istiod',
    sds: { token: { aud: 'istio-ca' } },
    sts: { servicePort: 0 },
  },
  revision: '',
  pilot: { cni: { enabled: false, provider: 'default' }, env: {} },
  sidecarInjectorWebhook: { rewriteAppHTTPProbe: true },
  gateways: { securityContext: {}, seccompProfile: {} },
  envoy: { image: 'docker.io/envoyproxy/envoy:v1.36.4', initImage: 'mizzen:0.1.0', xdsAddress: '' },
};

/** A user's values over the defaults: objects are merged, everything else replaces, `null` takes away. */
export function mergeValues(user: object | undefined): Values {
  return merge(DEFAULT_VALUES as unknown as Open, (user ?? {}) as Open) as unknown as Values;
}

function merge(base: Open, over: Open): Open {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(value) && isObject(below) ? merge(below, value) : value;
  }
  return merged;
}

const isObject = (value: unknown): value is Open => typeof value === 'object' && value !== null && !Array.isArray(value);
