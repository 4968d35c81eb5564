/** MeshConfigs and the networks of a mesh. */
import { connectionPool } from './destination-rule.mjs';
import { extensionProviders, tracers } from './telemetry.mjs';
import { boolean, constant, duration, list, need, oneof, percent, pick, record, some, tuple } from './values.mjs';

const tcpKeepalive = some({ probes: pick(1, 9), time: pick('75s'), interval: pick('10s') });
const retries = some({
  attempts: pick(0, 2),
  retryOn: pick('5xx,reset', '503'),
  perTryTimeout: duration,
  retryIgnorePreviousHosts: boolean(),
  backoff: duration,
});
const tls = some({
  minProtocolVersion: pick('TLSV1_2', 'TLSV1_3'),
  cipherSuites: pick(['ECDHE-RSA-AES128-GCM-SHA256'], ['ECDHE-ECDSA-AES256-GCM-SHA384']),
});
const whole = pick(1, 65_536, 2_147_483_647);
const connectionSettings = some({
  profile: pick('SIDECAR', 'EDGE'),
  listenerPerConnectionBufferLimitBytes: whole,
  globalDownstreamConnectionLimit: whole,
  httpIdleTimeout: pick('0s', '1h'),
  httpMaxConnectionDuration: duration,
  httpMaxStreamDuration: duration,
  httpStreamIdleTimeout: pick('0s', '5m'),
  httpRequestTimeout: duration,
  httpRequestHeadersTimeout: duration,
  httpDrainTimeout: duration,
  httpMaxConcurrentStreams: pick(1, 100),
  http2InitialStreamWindowSize: pick(65_535, 65_536),
  http2InitialConnectionWindowSize: pick(65_535, 1_048_576),
  httpHeadersWithUnderscoresAction: pick(...['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'].map((what) => `HEADERS_WITH_UNDERSCORES_${what}`)),
  httpMergeSlashes: boolean(),
  httpPathWithEscapedSlashesAction: pick('KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'),
});
const flag = record({ disabled: boolean() });
const proxyHeaders = some({
  forwardedClientCert: pick('UNDEFINED', 'SANITIZE', 'APPEND_FORWARD', 'ALWAYS_FORWARD_ONLY'),
  setCurrentClientCertDetails: some({ subject: boolean(), cert: boolean(), chain: boolean(), dns: boolean(), uri: boolean() }),
  requestId: flag,
  server: some({ disabled: boolean(), value: pick('own', '') }),
  attemptCount: flag,
  envoyDebugHeaders: flag,
  metadataExchangeHeaders: record({ mode: pick('UNDEFINED', 'IN_MESH') }),
  preserveHttp1HeaderCase: boolean(),
  xForwardedHost: record({ enabled: boolean() }),
  xForwardedPort: record({ enabled: boolean() }),
});
const defaultConfig = some({
  gatewayTopology: some({
    numTrustedProxies: pick(0, 2),
    forwardClientCertDetails: pick('SANITIZE', 'FORWARD_ONLY', 'SANITIZE_SET'),
    proxyProtocol: constant({}),
  }),
  tracing: tuple(
    some({ sampling: percent, maxPathTagLength: pick(1, 256), enableIstioTags: boolean(), customTags: constant({ x: { literal: { value: 'y' } } }) }),
    oneof(constant({}), constant({ zipkin: { address: 'a.app:80' } }), constant({ datadog: { address: 'a.app:80' } })),
  ).map(([some_, one]) => ({ ...some_, ...one })),
  proxyHeaders,
  connectionSettings,
  envoyAccessLogService: constant({ address: 'a.app:80' }),
  concurrency: pick(0, 2),
  proxyMetadata: constant({ ISTIO_META_IDLE_TIMEOUT: '5s' }),
});
const exportTo = pick(['*'], ['.']);

/** What a MeshConfig can say. */
export const meshConfig = some({
  accessLogFile: pick('', '/dev/stdout'),
  accessLogFormat: pick('%START_TIME% %ROUTE_NAME%', '{"a": "%START_TIME%"}'),
  accessLogEncoding: pick('TEXT', 'JSON'),
  enableEnvoyAccessLogService: boolean(),
  disableEnvoyListenerLog: boolean(),
  connectTimeout: pick('1ms', '10s'),
  defaultConfig,
  defaultServiceExportTo: exportTo,
  defaultVirtualServiceExportTo: exportTo,
  defaultDestinationRuleExportTo: exportTo,
  defaultHttpRetryPolicy: retries,
  defaultInboundHttpRetryPolicy: retries,
  defaultTrafficPolicy: some({ connectionPool, outlierDetection: constant({ consecutive5xxErrors: 3 }) }),
  defaultProviders: some({
    metrics: pick(['prometheus'], []),
    tracing: pick(...tracers.map((one) => [one])),
    accessLogging: pick(['envoyFileAccessLog'], ['envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls'], []),
  }),
  dnsRefreshRate: pick('5s'),
  enableAutoMtls: boolean(),
  enablePrometheusMerge: boolean(),
  enableTracing: boolean(),
  extensionProviders,
  h2UpgradePolicy: pick('DO_NOT_UPGRADE', 'UPGRADE'),
  inboundClusterStatName: pick('%SERVICE%_%SERVICE_PORT_NAME%'),
  outboundClusterStatName: pick('%SERVICE_FQDN%_%SERVICE_PORT%_%SUBSET_NAME%%TARGET_PORT%'),
  inboundTrafficPolicy: record({ mode: pick('PASSTHROUGH', 'LOCALHOST') }),
  outboundTrafficPolicy: oneof(
    record({ mode: pick('ALLOW_ANY', 'REGISTRY_ONLY', 'ALLOW_ANY_DYNAMIC_DNS') }),
    constant({ mode: 'ALLOW_ANY_DYNAMIC_DNS', tls: { mode: 'SIMPLE' } }),
  ),
  ingressControllerMode: pick('OFF', 'DEFAULT', 'STRICT'),
  localityLbSetting: oneof(record({ enabled: boolean() }), constant({ distribute: [{ from: 'east/*', to: { 'west/*': 100 } }] })),
  meshMTLS: tls,
  tlsDefaults: some({ ecdhCurves: pick(['X25519'], ['P-256', 'P-384']) }),
  pathNormalization: record({ normalization: pick('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES') }),
  protocolDetectionTimeout: pick('0s', '1s'),
  proxyHttpPort: pick(15_007),
  serviceSettings: pick([{ settings: { clusterLocal: true }, hosts: ['a.app.svc.cluster.local', '*.other.svc.cluster.local'] }]),
  tcpKeepalive,
  trustDomain: pick('td.example'),
  trustDomainAliases: pick(['old.example', 'older.example']),
});

/** Two other networks, each behind a gateway. */
export const meshNetworks = record({
  networks: record({
    n1: need(['gateways'], { gateways: constant([{ address: '192.0.2.10', port: 15_443 }]), endpoints: constant([{ fromCidr: '10.1.0.4/31' }]) }),
    n2: need(['gateways'], {
      gateways: list(
        pick({ address: '2001:db8::99', port: 15_443 }, { registryServiceName: 'ingress.istio-system.svc.cluster.local', port: 443 }),
        2,
        1,
      ),
      endpoints: constant([{ fromRegistry: 'west' }]),
    }),
  }),
});
