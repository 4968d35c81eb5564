/**
 * What a MeshConfig may hold. Fields that Mizzen does not read are known by name only. Istio has no CRD for it.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import { durationOf1ms } from './checks.js';
import { any, bool, intWith, list, map, nullable, num, obj, oneOf, open, type Shape, str, strWith } from './shape.js';

const port = nullable(intWith({ min: 1, max: 65535 }));
const text = nullable(str);
const texts = nullable(list(str));
const flag = nullable(bool);
const duration = nullable(str);
const positive = nullable(strWith({ checks: [durationOf1ms] }));
const choice = (...values: string[]): Shape => nullable(oneOf(values));
const known = (names: string): Record<string, Shape> => Object.fromEntries(names.split(' ').map((name) => [name, any]));

const tls = nullable(obj({ minProtocolVersion: choice('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'), ecdhCurves: texts, cipherSuites: texts }));

const proxyConfig = nullable(
  obj({
    ...known(
      'configPath binaryPath serviceCluster tracingServiceName discoveryRefreshDelay zipkinAddress statsdUdpAddress envoyMetricsServiceAddress availabilityZone controlPlaneAuthPolicy customConfigFile proxyBootstrapTemplatePath sds envoyAccessLogService envoyMetricsService runtimeValues extraStatTags meshId readinessProbe proxyStatsMatcher holdApplicationUntilProxyStarts caCertificatesPem image privateKeyProvider fileFlushInterval fileFlushMinSizeKb statsCompression connectionSettings gatewayTopology proxyHeaders',
    ),
    concurrency: nullable(intWith({ min: 0, max: 2147483647 })),
    discoveryAddress: text,
    drainDuration: positive,
    terminationDrainDuration: duration,
    interceptionMode: choice('REDIRECT', 'TPROXY', 'NONE'),
    tracing: nullable(open({ sampling: nullable(num) })),
    proxyMetadata: nullable(map(str)),
    statNameLength: nullable(num),
    proxyAdminPort: port,
    statusPort: port,
  }),
);

export const meshConfigShape = obj({
  ...known(
    'configSources certSigners trustDomains caCertificates zoneAwareLbSetting certificates serviceScopeConfigs verifyCertificateAtClient ca discoverySelectors defaultTrafficPolicy serviceEntryVisibility tcpKeepalive localityLbSetting defaultHttpRetryPolicy defaultInboundHttpRetryPolicy',
  ),
  accessLogFile: text,
  accessLogFormat: text,
  accessLogEncoding: choice('TEXT', 'JSON'),
  enableEnvoyAccessLogService: flag,
  disableEnvoyListenerLog: flag,
  connectTimeout: positive,
  defaultConfig: proxyConfig,
  defaultDestinationRuleExportTo: texts,
  defaultServiceExportTo: texts,
  defaultVirtualServiceExportTo: texts,
  defaultProviders: nullable(obj({ metrics: texts, tracing: texts, accessLogging: texts })),
  dnsRefreshRate: positive,
  enableAutoMtls: flag,
  enablePrometheusMerge: flag,
  enableTracing: flag,
  extensionProviders: nullable(list({ ...open({ name: str }), required: ['name'] })),
  h2UpgradePolicy: choice('DO_NOT_UPGRADE', 'UPGRADE'),
  inboundClusterStatName: text,
  outboundClusterStatName: text,
  inboundTrafficPolicy: nullable(obj({ mode: choice('PASSTHROUGH', 'LOCALHOST') })),
  outboundTrafficPolicy: nullable(open({ mode: choice('ALLOW_ANY', 'REGISTRY_ONLY', 'ALLOW_ANY_DYNAMIC_DNS') })),
  ingressClass: text,
  ingressControllerMode: choice('UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT'),
  ingressService: text,
  ingressSelector: text,
  meshMTLS: tls,
  tlsDefaults: tls,
  pathNormalization: nullable(obj({ normalization: choice('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES') })),
  protocolDetectionTimeout: duration,
  proxyHttpPort: port,
  proxyListenPort: port,
  proxyInboundListenPort: port,
  rootNamespace: text,
  serviceSettings: nullable(list(obj({ settings: nullable(obj({ clusterLocal: flag })), hosts: texts }))),
  trustDomain: text,
  trustDomainAliases: texts,
  hboneIdleTimeout: duration,
});

export const meshNetworksShape = obj({
  networks: nullable(
    map(
      obj({
        endpoints: nullable(list(obj({ fromCidr: str, fromRegistry: str }, { exactlyOne: [['fromCidr', 'fromRegistry']] }))),
        gateways: nullable(list(obj({ registryServiceName: str, address: str, port: intWith({ min: 1, max: 65535 }), locality: str }))),
      }),
    ),
  ),
});
