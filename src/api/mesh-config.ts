/**
 * MeshConfig and ProxyConfig in the names that YAML uses (Istio publishes no CRD for them).
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 * `MeshConfig` is what a user may write; `EffectiveMeshConfig` has Istio's defaults filled in.
 */
import type { ClientTLSSettings, ConnectionPoolSettings, HTTPRetry, LocalityLoadBalancerSetting, OutlierDetection } from './istio.js';

/** A duration as YAML writes it: '10s', '100ms', '1h30m'. */
export type DurationText = string;

export interface TcpKeepalive {
  probes?: number;
  time?: DurationText;
  interval?: DurationText;
}

export interface OutboundTrafficPolicy {
  mode?: 'ALLOW_ANY' | 'REGISTRY_ONLY' | 'ALLOW_ANY_DYNAMIC_DNS';
  /** ALLOW_ANY_DYNAMIC_DNS only: TLS that the proxy originates to the hosts it resolves. */
  tls?: ClientTLSSettings;
}

export interface TLSConfig {
  minProtocolVersion?: 'TLS_AUTO' | 'TLSV1_2' | 'TLSV1_3';
  ecdhCurves?: string[];
  cipherSuites?: string[];
}

export interface GatewayTopology {
  numTrustedProxies?: number;
  forwardClientCertDetails?: 'UNDEFINED' | 'SANITIZE' | 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';
  proxyProtocol?: Record<string, never> | object;
}

export interface ProxyTracing {
  sampling?: number;
  customTags?: Record<string, unknown>;
  maxPathTagLength?: number;
  zipkin?: { address?: string };
  datadog?: { address?: string };
  /** Envoy has none of these any more. */
  lightstep?: unknown;
  stackdriver?: unknown;
  openCensusAgent?: unknown;
  tlsSettings?: ClientTLSSettings;
  enableIstioTags?: boolean;
}

/** One of the two. */
export interface PrivateKeyProvider {
  cryptomb?: KeyProviderSettings;
  qat?: KeyProviderSettings;
}

interface KeyProviderSettings {
  pollDelay?: DurationText;
  fallback?: boolean;
}

/** The fields of ProxyConfig that reach xDS or a bootstrap. */
export interface ProxyConfig {
  concurrency?: number;
  discoveryAddress?: string;
  drainDuration?: DurationText;
  interceptionMode?: 'REDIRECT' | 'TPROXY' | 'NONE';
  gatewayTopology?: GatewayTopology;
  tracing?: ProxyTracing;
  proxyMetadata?: Record<string, string>;
  privateKeyProvider?: PrivateKeyProvider;
  proxyHeaders?: ProxyHeaders;
  connectionSettings?: ConnectionSettings;
  caCertificatesPem?: string[];
  statNameLength?: number;
  proxyAdminPort?: number;
  statusPort?: number;
  serviceCluster?: string;
  tracingServiceName?: 'APP_LABEL_AND_NAMESPACE' | 'CANONICAL_NAME_ONLY' | 'CANONICAL_NAME_AND_NAMESPACE';
  proxyStatsMatcher?: { inclusionPrefixes?: string[]; inclusionSuffixes?: string[]; inclusionRegexps?: string[] };
  extraStatTags?: string[];
  /** Runtime key → value; an empty one takes a default away. */
  runtimeValues?: Record<string, string>;
  envoyAccessLogService?: RemoteService;
  envoyMetricsService?: RemoteService;
  statsdUdpAddress?: string;
  fileFlushInterval?: DurationText;
  fileFlushMinSizeKb?: number;
  meshId?: string;
  customConfigFile?: string;
  proxyBootstrapTemplatePath?: string;
  [other: string]: unknown;
}

/** Whom a proxy reports to: `host:port`. */
export interface RemoteService {
  address?: string;
  tlsSettings?: ClientTLSSettings;
  tcpKeepalive?: TcpKeepalive;
}

/** Limits of connections and requests; the names are those of Istio's API. */
export interface ConnectionSettings {
  profile?: string;
  listenerPerConnectionBufferLimitBytes?: number;
  globalDownstreamConnectionLimit?: number;
  httpIdleTimeout?: DurationText;
  httpMaxConnectionDuration?: DurationText;
  httpMaxStreamDuration?: DurationText;
  httpStreamIdleTimeout?: DurationText;
  httpRequestTimeout?: DurationText;
  httpRequestHeadersTimeout?: DurationText;
  httpDrainTimeout?: DurationText;
  httpMaxConcurrentStreams?: number;
  http2InitialStreamWindowSize?: number;
  http2InitialConnectionWindowSize?: number;
  httpHeadersWithUnderscoresAction?: string;
  httpMergeSlashes?: boolean;
  httpPathWithEscapedSlashesAction?: string;
}

/** https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig-ProxyHeaders */
export interface ProxyHeaders {
  forwardedClientCert?: string;
  setCurrentClientCertDetails?: { subject?: boolean; cert?: boolean; chain?: boolean; dns?: boolean; uri?: boolean };
  requestId?: { disabled?: boolean };
  server?: { disabled?: boolean; value?: string };
  attemptCount?: { disabled?: boolean };
  envoyDebugHeaders?: { disabled?: boolean };
  metadataExchangeHeaders?: { mode?: string };
  preserveHttp1HeaderCase?: boolean;
  xForwardedHost?: { enabled?: boolean };
  xForwardedPort?: { enabled?: boolean };
}

/** One extension provider: `name` and exactly one of the provider kinds. */
export interface ExtensionProvider {
  name: string;
  envoyFileAccessLog?: { path?: string; logFormat?: { text?: string; labels?: Record<string, unknown> }; omitEmptyValues?: boolean };
  [kind: string]: unknown;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/ */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface MeshConfig {
  accessLogFile?: string;
  accessLogFormat?: string;
  accessLogEncoding?: 'TEXT' | 'JSON';
  enableEnvoyAccessLogService?: boolean;
  disableEnvoyListenerLog?: boolean;
  connectTimeout?: DurationText;
  defaultConfig?: ProxyConfig;
  defaultDestinationRuleExportTo?: string[];
  defaultServiceExportTo?: string[];
  defaultVirtualServiceExportTo?: string[];
  defaultHttpRetryPolicy?: HTTPRetry;
  defaultInboundHttpRetryPolicy?: HTTPRetry;
  defaultTrafficPolicy?: { connectionPool?: ConnectionPoolSettings; outlierDetection?: OutlierDetection };
  defaultProviders?: { metrics?: string[]; tracing?: string[]; accessLogging?: string[] };
  dnsRefreshRate?: DurationText;
  discoverySelectors?: LabelSelector[];
  enableAutoMtls?: boolean;
  enablePrometheusMerge?: boolean;
  enableTracing?: boolean;
  extensionProviders?: ExtensionProvider[];
  h2UpgradePolicy?: 'DO_NOT_UPGRADE' | 'UPGRADE';
  inboundClusterStatName?: string;
  outboundClusterStatName?: string;
  inboundTrafficPolicy?: { mode?: 'PASSTHROUGH' | 'LOCALHOST' };
  outboundTrafficPolicy?: OutboundTrafficPolicy;
  ingressClass?: string;
  ingressControllerMode?: 'UNSPECIFIED' | 'OFF' | 'DEFAULT' | 'STRICT';
  ingressService?: string;
  ingressSelector?: string;
  localityLbSetting?: LocalityLoadBalancerSetting;
  meshMTLS?: TLSConfig;
  tlsDefaults?: TLSConfig;
  pathNormalization?: { normalization?: 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES' };
  protocolDetectionTimeout?: DurationText;
  proxyHttpPort?: number;
  proxyListenPort?: number;
  proxyInboundListenPort?: number;
  rootNamespace?: string;
  serviceEntryVisibility?: {
    defaultVisibility?: 'UNSPECIFIED' | 'PUBLIC' | 'NAMESPACE' | 'NONE';
    applyToSidecars?: boolean;
    policies?: { visibility?: 'UNSPECIFIED' | 'PUBLIC' | 'NAMESPACE' | 'NONE'; matchingRules?: { namespaceSelector?: LabelSelector }[] }[];
  };
  serviceSettings?: { settings?: { clusterLocal?: boolean }; hosts?: string[] }[];
  tcpKeepalive?: TcpKeepalive;
  trustDomain?: string;
  trustDomainAliases?: string[];
  hboneIdleTimeout?: DurationText;
  [other: string]: unknown;
}

/** MeshConfig with the defaults of the reference filled in (envoy-shapes §13); fields without a default stay optional. */
export type EffectiveMeshConfig = MeshConfig &
  Required<
    Pick<
      MeshConfig,
      | 'accessLogEncoding'
      | 'connectTimeout'
      | 'defaultConfig'
      | 'defaultDestinationRuleExportTo'
      | 'defaultServiceExportTo'
      | 'defaultVirtualServiceExportTo'
      | 'dnsRefreshRate'
      | 'enableAutoMtls'
      | 'enableTracing'
      | 'extensionProviders'
      | 'ingressClass'
      | 'ingressControllerMode'
      | 'ingressService'
      | 'protocolDetectionTimeout'
      | 'proxyListenPort'
      | 'proxyInboundListenPort'
      | 'rootNamespace'
      | 'trustDomain'
      | 'trustDomainAliases'
    >
  > & {
    readonly outboundTrafficPolicy: Required<Pick<OutboundTrafficPolicy, 'mode'>> & Pick<OutboundTrafficPolicy, 'tls'>;
    readonly inboundTrafficPolicy: { mode: 'PASSTHROUGH' | 'LOCALHOST' };
    readonly localityLbSetting: LocalityLoadBalancerSetting;
  };
