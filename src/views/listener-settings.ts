/**
 * The listener settings of each proxy, interned: proxies with equal settings share every listener. Keys carry the settings' id.
 */
import { defineBackends, type FindBackend } from '../model/extension-providers.js';
import type { Mesh } from '../model/mesh.js';
import { outboundClusterName } from '../model/names.js';
import type { Proxy } from '../model/proxy.js';
import { isOn, openTelemetryServiceName } from '../model/proxy-node.js';
import { internScope } from '../model/scope.js';
import type { Service } from '../model/service.js';
import type { WorkloadMode } from '../model/telemetry-merge.js';
import type { OutboundSettings } from '../translate/listener/outbound.js';
import { type ListenerSettings, listenerSettings, type WorkloadFacts } from '../translate/listener/settings.js';
import type { VirtualOutboundSettings } from '../translate/listener/virtual-outbound.js';
import { proxyFacts } from '../translate/stats-log/workload-facts.js';

export type InternedSettings = ListenerSettings & { readonly id: string };
export type InternedOutboundSettings = OutboundSettings & { readonly id: string };

export type InternedVirtualOutboundSettings = VirtualOutboundSettings & { readonly id: string };

/** Queries: proxy key → settings. */
export interface ListenerSettingsQueries {
  /** Of what leaves a sidecar, and of gateways. */
  get(proxyKey: string): InternedSettings;
  /** Of what comes into a sidecar. */
  inbound(proxyKey: string): InternedSettings;
}

export function defineListenerSettings(mesh: Mesh): ListenerSettingsQueries {
  const backend = defineBackends(mesh.graph, mesh);
  const environment = (name: string): string => process.env[name] ?? '';
  const settingsOf = (proxyKey: string, mode: WorkloadMode): InternedSettings => {
    const { namespace, labels } = mesh.proxies.get(proxyKey) ?? { namespace: '', labels: {} };
    const scope = mesh.proxies.outboundScope(proxyKey);
    // Envoy refuses a listener whose tracer has no cluster: what the proxy does not see cannot be reported to.
    const find: FindBackend = (service, port) => {
      const found = backend(service, port);
      const reached = found && behindAliases(found.hostname, (hostname) => mesh.sidecarScopes.service(scope, hostname));
      if (reached?.ports.some((at) => at.port === port) !== true) return undefined;
      return reached.hostname === found?.hostname ? found : found && { ...found, cluster: outboundClusterName(reached.hostname, port) };
    };
    const telemetry = {
      specs: mesh.telemetries.of({ namespace, labels }),
      extensions: mesh.trafficExtensions.of({ namespace, labels }),
      mode,
      find,
      environment,
    };
    return internScope<InternedSettings>('ls', listenerSettings(mesh.config(), workloadFacts(mesh, proxyKey), telemetry));
  };
  const outbound = mesh.graph.query('listenerSettings', (proxyKey: string): InternedSettings => settingsOf(proxyKey, 'CLIENT'));
  const inbound = mesh.graph.query('inboundListenerSettings', (proxyKey: string): InternedSettings => settingsOf(proxyKey, 'SERVER'));
  return { get: (proxyKey) => outbound.get(proxyKey), inbound: (proxyKey) => inbound.get(proxyKey) };
}

/** The service that an ExternalName stands for: itself it has no cluster. undefined for a chain that leaves the mesh or goes in a ring. */
function behindAliases(hostname: string, find: (hostname: string) => Service | undefined): Service | undefined {
  const seen = new Set<string>();
  let service = find(hostname);
  while (service?.resolution === 'Alias') {
    if (seen.has(service.hostname)) return undefined;
    seen.add(service.hostname);
    service = find(service.externalName ?? '');
  }
  return service;
}

/** The facts of a proxy that settings depend on; gateways make their HTTP settings of them too. */
export function workloadFacts(mesh: Mesh, proxyKey: string): WorkloadFacts {
  const scope = mesh.proxies.outboundScope(proxyKey);
  const proxy = mesh.proxies.get(proxyKey);
  const meshId = proxy?.metadata['MESH_ID'];
  return {
    namespace: scope.namespace,
    clusterId: scope.clusterId,
    ipMode: scope.ipMode,
    interceptionMode: scope.interceptionMode,
    certificates: scope.certificates,
    http10: scope.http10,
    unprivilegedPod: scope.unprivilegedPod,
    idleTimeout: scope.idleTimeout,
    proxyConfig: scope.proxyConfig,
    canonicalName: proxy?.labels['service.istio.io/canonical-name'] ?? '',
    canonicalRevision: proxy?.labels['service.istio.io/canonical-revision'] ?? '',
    meshId: typeof meshId === 'string' ? meshId : '',
    isGateway: scope.type === 'router',
    istioVersion: scope.istioVersion,
    ...(scope.metricFacts && proxy !== undefined && { self: proxyFacts(workloadName(mesh, proxy), proxy) }),
    ...(scope.metricFacts && proxy?.statsLogger !== undefined && { statsLogger: proxy.statsLogger }),
    ...(mesh.persistentSessions && { sessions: true as const }),
    ...(proxy?.istioFilters !== undefined && { istioFilters: proxy.istioFilters }),
    serviceCluster: proxy?.serviceCluster ?? '',
    serviceName: proxy === undefined ? '' : openTelemetryServiceName(proxy),
    exactBalance: (['inbound', 'outbound'] as const).filter((side) => isOn(proxy?.metadata ?? {}, `${side.toUpperCase()}_LISTENER_EXACT_BALANCE`)),
  };
}

/** As endpoints name it, so that both ends of a connection agree. */
function workloadName(mesh: Mesh, { name, metadata, ipAddresses }: Proxy): string {
  const own = metadata['WORKLOAD_NAME'];
  return (typeof own === 'string' && own) || mesh.endpoints.workloadNameAt(ipAddresses[0] ?? '') || name;
}

/** The part that one outbound listener depends on: without HTTP far fewer settings, so listeners of byte streams are shared by more proxies. */
export function outboundSettings(
  { protocolDetectionTimeout, tcp, http, exactBalance }: ListenerSettings,
  withHttp: boolean,
): InternedOutboundSettings {
  const balance = exactBalance === undefined ? {} : { exactBalance };
  return withHttp
    ? internScope<InternedOutboundSettings>('lh', { protocolDetectionTimeout, tcp, http, ...balance })
    : internScope<InternedOutboundSettings>('lt', { protocolDetectionTimeout: '0s', tcp, ...balance });
}

/** The part that `virtualOutbound` depends on. */
export const virtualOutboundSettings = (
  { ipMode, interceptionMode, outboundPort, tcp, http }: ListenerSettings,
  withHttp: boolean,
): InternedVirtualOutboundSettings =>
  internScope<InternedVirtualOutboundSettings>('lv', { ipMode, interceptionMode, outboundPort, tcp, ...(withHttp ? { http } : {}) });
