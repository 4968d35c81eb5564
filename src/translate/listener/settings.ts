/**
 * Everything of MeshConfig and of a proxy's own settings that a listener may depend on, resolved into one small value.
 * Views intern it, so that equal settings are one key; translation reads nothing else of the mesh or the proxy.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import type { EffectiveMeshConfig, ProxyConfig, ProxyHeaders } from '../../api/mesh-config.js';
import type { CertificateSource, InterceptionMode, IpMode } from '../../model/proxy.js';
import { type AccessLogs, chosenAccessLogs } from '../access-log/index.js';
import { type ExtensionFilter, extensionFilters } from '../extension/chain.js';
import { type StatsFilter, statsFilters } from '../http-filter/stats.js';
import { parseDuration } from '../proto.js';
import type { Tracing } from './tracing.js';
import { type WorkloadTelemetry, workloadLogging, workloadTracing } from './workload-telemetry.js';

/** What decides the settings of one proxy: parts of its outbound or inbound scope and the facts that trace tags carry. */
export interface WorkloadFacts {
  readonly namespace: string;
  readonly clusterId: string;
  readonly ipMode: IpMode;
  readonly interceptionMode: InterceptionMode;
  readonly certificates: CertificateSource;
  readonly http10: boolean;
  readonly unprivilegedPod: boolean;
  /** IDLE_TIMEOUT of the node, '' when unset. */
  readonly idleTimeout: string;
  /** Canonical JSON of the proxy's own ProxyConfig, '' for the mesh's default. */
  readonly proxyConfig: string;
  /** Labels service.istio.io/canonical-name and -revision and the node's MESH_ID; '' when unset. */
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  readonly meshId: string;
  readonly isGateway: boolean;
  /** ISTIO_VERSION, '' for a stock Envoy. */
  readonly istioVersion: string;
  /** `cluster` of the Envoy node. */
  readonly serviceCluster: string;
  /** OpenTelemetry's name of the workload's service. */
  readonly serviceName: string;
}

export interface ListenerSettings {
  readonly ipMode: IpMode;
  readonly interceptionMode: InterceptionMode;
  readonly certificates: CertificateSource;
  readonly unprivilegedPod: boolean;
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly protocolDetectionTimeout: string;
  readonly outboundStatName: string;
  readonly inboundStatName: string;
  readonly trustDomains: readonly string[];
  readonly meshTls: { readonly minimum: '' | 'TLSV1_2' | 'TLSV1_3'; readonly cipherSuites: readonly string[]; readonly curves: readonly string[] };
  readonly http: HttpSettings;
  readonly tcp: TcpSettings;
}

/** What every tcp_proxy depends on. */
export interface TcpSettings {
  readonly accessLogs: AccessLogs;
  readonly idleTimeout: string;
  /** Filters that make Istio's metrics, for proxies that have them. */
  readonly stats?: readonly StatsFilter[];
  /** What users put into chains themselves. */
  readonly extensions?: readonly ExtensionFilter[];
}

/** What every HTTP connection manager depends on; gateways make their own with {@link httpSettings}. */
export interface HttpSettings extends TcpSettings {
  readonly http10: boolean;
  readonly pathNormalization: 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';
  readonly tracing?: Tracing;
  /** Sampling is not decided by the request's id. */
  readonly ignoresRequestIdForSampling?: boolean;
  readonly proxyHeaders: ProxyHeaders;
  readonly certificates: CertificateSource;
}

/** The proxy's own ProxyConfig replaces the mesh's default as a whole: the agent has merged them already. */
export const effectiveProxyConfig = (config: EffectiveMeshConfig, own: string): ProxyConfig =>
  own === '' ? config.defaultConfig : (JSON.parse(own) as ProxyConfig);

/** Settings of HTTP connection managers for any proxy, sidecar or gateway. */
export function httpSettings(config: EffectiveMeshConfig, workload: WorkloadFacts, telemetry: WorkloadTelemetry): HttpSettings {
  const proxyConfig = effectiveProxyConfig(config, workload.proxyConfig);
  const normalization = config.pathNormalization?.normalization ?? 'DEFAULT';
  const tracing = workloadTracing(config, proxyConfig, workload, telemetry);
  return {
    ...tcpSettings(config, workload, telemetry),
    http10: workload.http10,
    pathNormalization: normalization === 'DEFAULT' ? 'BASE' : normalization,
    ...tracing,
    proxyHeaders: proxyConfig.proxyHeaders ?? {},
    certificates: workload.certificates,
  };
}

export function tcpSettings(
  config: EffectiveMeshConfig,
  workload: Pick<WorkloadFacts, 'idleTimeout' | 'istioVersion' | 'isGateway'>,
  telemetry: WorkloadTelemetry,
): TcpSettings {
  const stats = statsFilters(config, workload, telemetry);
  const extensions = extensionFilters(telemetry.extensions ?? [], telemetry.mode);
  return {
    accessLogs: chosenAccessLogs(config, workloadLogging(config, telemetry), telemetry.find),
    // Text that is no duration is ignored, as the reference does: it comes from a node, where nothing validates it.
    idleTimeout: parseDuration(workload.idleTimeout) === undefined ? '' : workload.idleTimeout,
    ...(stats.length === 0 ? {} : { stats }),
    ...(extensions.length === 0 ? {} : { extensions }),
  };
}

/** Settings of the listeners of one side of a proxy: Telemetry tells clients and servers apart. */
export function listenerSettings(config: EffectiveMeshConfig, workload: WorkloadFacts, telemetry: WorkloadTelemetry): ListenerSettings {
  const { minProtocolVersion } = config.meshMTLS ?? {};
  return {
    ipMode: workload.ipMode,
    interceptionMode: workload.interceptionMode,
    certificates: workload.certificates,
    unprivilegedPod: workload.unprivilegedPod,
    outboundPort: config.proxyListenPort,
    inboundPort: config.proxyInboundListenPort,
    protocolDetectionTimeout: config.protocolDetectionTimeout,
    outboundStatName: config.outboundClusterStatName ?? '',
    inboundStatName: config.inboundClusterStatName ?? '',
    trustDomains: [...new Set([config.trustDomain, ...config.trustDomainAliases])],
    meshTls: {
      minimum: minProtocolVersion === undefined || minProtocolVersion === 'TLS_AUTO' ? '' : minProtocolVersion,
      cipherSuites: config.meshMTLS?.cipherSuites ?? [],
      curves: config.meshMTLS?.ecdhCurves ?? [],
    },
    http: httpSettings(config, workload, telemetry),
    tcp: tcpSettings(config, workload, telemetry),
  };
}
