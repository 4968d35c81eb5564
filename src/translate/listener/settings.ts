/**
 * Everything of MeshConfig and of a proxy's own settings that a listener may depend on, resolved into one small value.
 * Views intern it, so that equal settings are one key; translation reads nothing else of the mesh or the proxy.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import type { ConnectionSettings, EffectiveMeshConfig, ProxyConfig, ProxyHeaders } from '../../api/mesh-config.js';
import type { CertificateSource } from '../../model/certificate-source.js';
import type { InterceptionMode, IpMode, IstioFilter, StatsLogger } from '../../model/proxy.js';
import { type AccessLogs, chosenAccessLogs } from '../access-log/index.js';
import { type ExtensionFilter, extensionFilters } from '../extension/chain.js';
import { type StatsFilter, statsFilters } from '../http-filter/stats.js';
import { parseDuration } from '../proto.js';
import { type StatsLog, statsLog } from '../stats-log/stats-log.js';
import type { WorkloadFacts as MetricFacts } from '../stats-log/workload-facts.js';
import { connectionSettings } from './connection-settings.js';
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
  /** Of a stock Envoy that can make statistics of logs. */
  readonly statsLogger?: StatsLogger;
  /** Of Istio's own Envoy; undefined: none. */
  readonly istioFilters?: readonly IstioFilter[];
  /** Services may have sessions (SD-060). */
  readonly sessions?: true;
  /** What metrics say of the workload; only with a stock Envoy, and while somebody in the mesh wants metrics. */
  readonly self?: MetricFacts;
  /** `cluster` of the Envoy node. */
  readonly serviceCluster: string;
  /** OpenTelemetry's name of the workload's service. */
  readonly serviceName: string;
  /** Sides whose listeners share connections evenly among the workers (metadata INBOUND_ and OUTBOUND_LISTENER_EXACT_BALANCE, PC-026). */
  readonly exactBalance: readonly ('inbound' | 'outbound')[];
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
  /** Of this side of the proxy. */
  readonly exactBalance?: true;
}

/** What every tcp_proxy depends on. */
export interface TcpSettings {
  readonly accessLogs: AccessLogs;
  readonly idleTimeout: string;
  /** Filters that make Istio's metrics, for proxies that have them. */
  readonly stats?: readonly StatsFilter[];
  /** What makes them in a stock Envoy. */
  readonly statsLog?: StatsLog;
  /** Peers say what they are at the begin of a byte stream (TE-018). */
  readonly peerExchange?: true;
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
  readonly connection?: ConnectionSettings;
  readonly istioFilters?: readonly IstioFilter[];
  readonly sessions?: true;
  /** What it tells its peers of itself, for their metrics, see {@link WorkloadFacts.self}. */
  readonly self?: MetricFacts;
}

/** The proxy's own ProxyConfig replaces the mesh's default as a whole: the agent has merged them already. */
export const effectiveProxyConfig = (config: EffectiveMeshConfig, own: string): ProxyConfig =>
  own === '' ? config.defaultConfig : (JSON.parse(own) as ProxyConfig);

/** Settings of HTTP connection managers for any proxy, sidecar or gateway. */
export function httpSettings(config: EffectiveMeshConfig, workload: WorkloadFacts, telemetry: WorkloadTelemetry): HttpSettings {
  const proxyConfig = effectiveProxyConfig(config, workload.proxyConfig);
  const normalization = config.pathNormalization?.normalization ?? 'DEFAULT';
  const tracing = workloadTracing(config, proxyConfig, workload, telemetry);
  const connection = connectionSettings(proxyConfig.connectionSettings ?? config.defaultConfig.connectionSettings, workload.isGateway);
  return {
    ...tcpSettings(config, workload, telemetry),
    http10: workload.http10,
    pathNormalization: normalization === 'DEFAULT' ? 'BASE' : normalization,
    ...tracing,
    proxyHeaders: proxyConfig.proxyHeaders ?? {},
    certificates: workload.certificates,
    ...(connection === undefined ? {} : { connection }),
    ...(workload.self !== undefined && { self: workload.self }),
    ...(workload.istioFilters !== undefined && { istioFilters: workload.istioFilters }),
    ...(workload.sessions && { sessions: true as const }),
  };
}

export function tcpSettings(
  config: EffectiveMeshConfig,
  workload: Pick<WorkloadFacts, 'idleTimeout' | 'istioVersion' | 'isGateway' | 'statsLogger' | 'self' | 'istioFilters'>,
  telemetry: WorkloadTelemetry,
): TcpSettings {
  const stats = statsFilters(config, workload, telemetry);
  const log = statsLog(config, workload, telemetry);
  const extensions = extensionFilters(telemetry.extensions ?? [], telemetry.mode);
  return {
    accessLogs: chosenAccessLogs(config, workloadLogging(config, telemetry), telemetry.find),
    // Text that is no duration is ignored, as the reference does: it comes from a node, where nothing validates it.
    idleTimeout: parseDuration(workload.idleTimeout) === undefined ? '' : workload.idleTimeout,
    ...(stats.length === 0 ? {} : { stats }),
    ...(log === undefined ? {} : { statsLog: log }),
    ...(workload.istioFilters?.includes('tcp_exchange') && { peerExchange: true as const }),
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
    ...(workload.exactBalance.includes(telemetry.mode === 'SERVER' ? 'inbound' : 'outbound') ? { exactBalance: true } : {}),
  };
}
