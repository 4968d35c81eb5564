/**
 * Mesh-wide settings: what the user wrote, over Istio's defaults. A setting replaces its default as a whole; only `defaultConfig`,
 * `extensionProviders` (by name) and `defaultProviders` are merged. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
import type { EffectiveMeshConfig, ExtensionProvider, MeshConfig, ProxyConfig } from '../api/mesh-config.js';
import { mergeProxyConfig } from './proxy-config.js';

/** Istio's defaults for one proxy. */
export const DEFAULT_PROXY_CONFIG: ProxyConfig = {
  configPath: './etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  serviceCluster: 'istio-proxy',
  drainDuration: '45s',
  terminationDrainDuration: '5s',
  proxyAdminPort: 15000,
  controlPlaneAuthPolicy: 'MUTUAL_TLS',
  discoveryAddress: 'istiod.istio-system.svc:15012',
  statNameLength: 189,
  statusPort: 15020,
};

/** Istio's defaults, for a mesh without a MeshConfig. */
export const DEFAULT_MESH_CONFIG: EffectiveMeshConfig = {
  enableTracing: true,
  accessLogFile: '',
  accessLogFormat: '',
  accessLogEncoding: 'TEXT',
  protocolDetectionTimeout: '0s',
  ingressClass: 'istio',
  ingressService: 'istio-ingressgateway',
  ingressControllerMode: 'STRICT',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  enableAutoMtls: true,
  enablePrometheusMerge: true,
  outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
  inboundTrafficPolicy: { mode: 'PASSTHROUGH' },
  localityLbSetting: { enabled: true },
  defaultConfig: DEFAULT_PROXY_CONFIG,
  defaultProviders: {},
  rootNamespace: 'istio-system',
  proxyListenPort: 15001,
  proxyInboundListenPort: 15006,
  connectTimeout: '10s',
  defaultServiceExportTo: ['*'],
  defaultVirtualServiceExportTo: ['*'],
  defaultDestinationRuleExportTo: ['*'],
  dnsRefreshRate: '60s',
  extensionProviders: [
    { name: 'prometheus', prometheus: {} },
    { name: 'stackdriver', stackdriver: {} },
    { name: 'envoy', envoyFileAccessLog: { path: '/dev/stdout' } },
  ],
};

/** The user's settings with defaults filled in. */
export function effectiveMeshConfig(user?: MeshConfig): EffectiveMeshConfig {
  if (user === undefined) return DEFAULT_MESH_CONFIG;
  const set = withoutUnset(user);
  const defaults = DEFAULT_MESH_CONFIG;
  return {
    ...defaults,
    ...set,
    defaultConfig: mergeProxyConfig(defaults.defaultConfig, set.defaultConfig),
    defaultProviders: { ...defaults.defaultProviders, ...set.defaultProviders },
    extensionProviders: mergeProviders(defaults.extensionProviders, set.extensionProviders ?? []),
    trustDomainAliases: [...new Set(set.trustDomainAliases ?? [])].sort(),
    ...(set.defaultTrafficPolicy && { defaultTrafficPolicy: baseline(set.defaultTrafficPolicy) }),
    // The protobuf enum's zero value is REGISTRY_ONLY: an empty policy means that.
    outboundTrafficPolicy: {
      mode: set.outboundTrafficPolicy?.mode ?? (set.outboundTrafficPolicy === undefined ? 'ALLOW_ANY' : 'REGISTRY_ONLY'),
      ...(set.outboundTrafficPolicy?.tls && { tls: set.outboundTrafficPolicy.tls }),
    },
    inboundTrafficPolicy: { mode: set.inboundTrafficPolicy?.mode ?? 'PASSTHROUGH' },
  };
}

/** `field:` without a value means that it is not set; so does a default that lists nothing. */
function withoutUnset(user: MeshConfig): MeshConfig {
  const isEmptyDefault = (field: string, value: unknown): boolean => field.endsWith('ExportTo') && Array.isArray(value) && value.length === 0;
  return Object.fromEntries(Object.entries(user).filter(([field, value]) => value !== undefined && value !== null && !isEmptyDefault(field, value)));
}

/** What a mesh-wide baseline may say: other fields of a traffic policy have no effect here. */
function baseline({ connectionPool, outlierDetection }: NonNullable<MeshConfig['defaultTrafficPolicy']>): MeshConfig['defaultTrafficPolicy'] {
  return { ...(connectionPool && { connectionPool }), ...(outlierDetection && { outlierDetection }) };
}

/** The user's providers, and the defaults that none of them replaces. */
function mergeProviders(defaults: readonly ExtensionProvider[], own: readonly ExtensionProvider[]): ExtensionProvider[] {
  const names = new Set(own.map((provider) => provider.name));
  return [...defaults.filter((provider) => !names.has(provider.name)), ...own];
}
