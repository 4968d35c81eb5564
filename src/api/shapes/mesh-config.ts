/**
 * What a MeshConfig may hold. Fields that Mizzen does not read are known by name only. Istio has no CRD for it.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import { anyDuration } from './checks.js';
import { clientTls, localityLbSetting, outlierDetection, zoneAwareLbSetting } from './destination-rule.js';
import { extensionProvider } from './extension-providers.js';
import { connectionPool } from './istio-shared.js';
import { proxySettings } from './proxy-settings.js';
import { choice, duration, flag, known, port, positive, text, texts, uint32 } from './settings.js';
import { intWith, list, map, nullable, obj, oneOf, open, str, strWith } from './shape.js';
import { retries } from './virtual-service.js';

/** Negative is let in, as in Istio. */
const anySign = nullable(strWith({ checks: [anyDuration] }));
const tls = nullable(obj({ minProtocolVersion: choice('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'), ecdhCurves: texts, cipherSuites: texts }));

const requirement = obj({ key: str, operator: oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: texts }, { required: ['key', 'operator'] });
const labelSelector = obj({ matchLabels: nullable(map(str)), matchExpressions: nullable(list(requirement)) });
const visibility = choice('UNSPECIFIED', 'PUBLIC', 'NAMESPACE', 'NONE');
const visibilityPolicies = nullable(list(obj({ visibility, matchingRules: nullable(list(obj({ namespaceSelector: nullable(labelSelector) }))) })));

export const meshConfigShape = obj({
  ...known('configSources certSigners trustDomains caCertificates certificates serviceScopeConfigs verifyCertificateAtClient ca'),
  accessLogFile: text,
  accessLogFormat: text,
  accessLogEncoding: choice('TEXT', 'JSON'),
  enableEnvoyAccessLogService: flag,
  disableEnvoyListenerLog: flag,
  connectTimeout: positive,
  defaultConfig: proxySettings,
  defaultTrafficPolicy: nullable(obj({ connectionPool: nullable(connectionPool), outlierDetection: nullable(outlierDetection) })),
  defaultHttpRetryPolicy: nullable(retries),
  defaultInboundHttpRetryPolicy: nullable(retries),
  defaultDestinationRuleExportTo: texts,
  defaultServiceExportTo: texts,
  defaultVirtualServiceExportTo: texts,
  defaultProviders: nullable(obj({ metrics: texts, tracing: texts, accessLogging: texts })),
  discoverySelectors: nullable(list(labelSelector)),
  dnsRefreshRate: positive,
  enableAutoMtls: flag,
  enablePrometheusMerge: flag,
  enableTracing: flag,
  extensionProviders: nullable(list(extensionProvider)),
  h2UpgradePolicy: choice('DO_NOT_UPGRADE', 'UPGRADE'),
  inboundClusterStatName: text,
  outboundClusterStatName: text,
  inboundTrafficPolicy: nullable(obj({ mode: choice('PASSTHROUGH', 'LOCALHOST') })),
  outboundTrafficPolicy: nullable(open({ mode: choice('ALLOW_ANY', 'REGISTRY_ONLY', 'ALLOW_ANY_DYNAMIC_DNS'), tls: nullable(clientTls) })),
  ingressClass: text,
  ingressControllerMode: choice('UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT'),
  ingressService: text,
  ingressSelector: text,
  localityLbSetting: nullable(localityLbSetting),
  meshMTLS: tls,
  tlsDefaults: tls,
  pathNormalization: nullable(obj({ normalization: choice('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES') })),
  // Envoy would refuse every listener with a negative one.
  protocolDetectionTimeout: duration,
  proxyHttpPort: port,
  proxyListenPort: port,
  proxyInboundListenPort: port,
  rootNamespace: text,
  serviceEntryVisibility: nullable(obj({ defaultVisibility: visibility, applyToSidecars: flag, policies: visibilityPolicies })),
  serviceSettings: nullable(list(obj({ settings: nullable(obj({ clusterLocal: flag })), hosts: texts }))),
  tcpKeepalive: nullable(obj({ probes: uint32, time: anySign, interval: anySign })),
  trustDomain: text,
  trustDomainAliases: texts,
  hboneIdleTimeout: anySign,
  zoneAwareLbSetting: nullable(zoneAwareLbSetting),
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
