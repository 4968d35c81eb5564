/**
 * Inbound listeners of sidecars: one view per inbound scope, that is per kind of workload, not per proxy. Envoy-shapes §1.3, §3; SC-007, SC-012.
 */
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { IstioIngressListener } from '../api/istio.js';
import type { Mesh } from '../model/mesh.js';
import { INBOUND_PASSTHROUGH_CLUSTER, inboundClusterName, VIRTUAL_INBOUND } from '../model/names.js';
import { isHttp, parseProtocol } from '../model/protocol.js';
import { type InboundScope, type OutboundScope, scopeOf } from '../model/scope.js';
import { statName } from '../translate/cluster/stat-name.js';
import { capturedWildcards, wildcard } from '../translate/listener/address.js';
import { type InboundPlan, type InboundPort, translateInboundListeners } from '../translate/listener/inbound.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import type { InternedSettings } from './listener-settings.js';
import type { SecurityFilterViews } from './security-filters.js';

/** Ports of the proxy's static listeners: health and Prometheus. */
const STATIC_PORTS = [15021, 15090];

/** Stands in names for the service of a port that no service has. */
const NO_SERVICE = { hostname: '', name: '', namespace: '', registry: 'External' as const };

export interface InboundListenerViews {
  chunk(scope: InboundScope, settings: InternedSettings): readonly EncodedResource[];
}

export function defineInboundListenerViews(mesh: Mesh, security: SecurityFilterViews): InboundListenerViews {
  /** Key: inbound scope and settings. */
  const listeners = mesh.graph.query(
    'inboundListeners',
    (key: string): readonly EncodedResource[] => {
      const [scopeId, settingsId] = key.split('~') as [string, string];
      const scope = scopeOf<InboundScope>(scopeId);
      const settings = scopeOf<InternedSettings>(settingsId);
      return translateInboundListeners(inboundPlan(scope, settings), settings).map((listener) =>
        encodeResource(Listener, listener.name ?? '', listener),
      );
    },
    { equals: (a, b) => a.length === b.length && a.every((resource, i) => sameResource(resource, b[i])) },
  );

  const inboundPlan = (scope: InboundScope, settings: InternedSettings): InboundPlan => {
    const ingress = mesh.sidecarScopes.spec(scopeOf<OutboundScope>(scope.outbound))?.ingress ?? [];
    const declared = ingress.length > 0 ? ingress.flatMap((entry) => ingressPort(entry, scope, settings) ?? []) : servicePorts(scope, settings);
    const taken = new Set(ingress.length > 0 ? ingress.map(({ port }) => port?.number) : scope.targets.map(({ targetPort }) => targetPort));
    const { defaultInboundHttpRetryPolicy } = mesh.config();
    return {
      ports: firstOfEach(declared),
      passthroughStatPrefix:
        settings.inboundStatName === ''
          ? INBOUND_PASSTHROUGH_CLUSTER
          : statName(settings.inboundStatName, { service: NO_SERVICE, port: { name: VIRTUAL_INBOUND, port: 0 }, subset: '', targetPort: 0 }),
      security: security.of(scope, 'sidecar'),
      passthroughMode: modeOf(scope, 0),
      passthroughPorts: mesh.peerAuthentications.portModes(scope.namespace, scope.labels).filter(({ port }) => !taken.has(port)),
      ...(defaultInboundHttpRetryPolicy === undefined ? {} : { defaultRetries: defaultInboundHttpRetryPolicy }),
    };
  };
  const modeOf = (scope: InboundScope, port: number) => mesh.peerAuthentications.mode(scope.namespace, scope.labels, port);

  /** Ports that services select. With nothing redirected they could not be told from the application's own listeners. */
  const servicePorts = (scope: InboundScope, settings: InternedSettings): InboundPort[] => {
    if (scope.interceptionMode === 'NONE') return [];
    const reserved = [...STATIC_PORTS, settings.outboundPort, settings.inboundPort];
    return scope.targets.flatMap((target): InboundPort[] => {
      const service = mesh.services.get(target.service);
      if (service === undefined || reserved.includes(target.targetPort)) return [];
      const { targetPort, protocol } = target;
      const port = { name: target.portName, port: target.port };
      const named = settings.inboundStatName === '' ? undefined : statName(settings.inboundStatName, { service, port, subset: '', targetPort });
      return [
        {
          targetPort,
          servicePort: target.port,
          protocol,
          mode: modeOf(scope, targetPort),
          hostname: service.hostname,
          tcpStatPrefix: named ?? inboundClusterName(targetPort),
          binds: capturedWildcards(scope.ipMode),
          bindsToPort: false,
        },
      ];
    });
  };

  const ingressPort = (entry: IstioIngressListener, scope: InboundScope, settings: InternedSettings): InboundPort | undefined => {
    const number = entry.port?.number ?? 0;
    const protocol = parseProtocol(entry.port?.protocol);
    const { captureMode = 'DEFAULT', bind = '' } = entry;
    const bindsToPort = captureMode === 'DEFAULT' ? scope.interceptionMode === 'NONE' : captureMode === 'NONE';
    if (bindsToPort && settings.unprivilegedPod && number < 1024) return undefined;
    if (STATIC_PORTS.includes(number) && (bind === '' ? isHttp(protocol) : bind === wildcard(scope.ipMode))) return undefined;
    // A Sidecar has no host; its own name tells a reader of traces where to look. That of the root namespace counts as the workload's namespace's.
    const { namespace } = scope;
    const name = scope.sidecar.slice(scope.sidecar.indexOf('/') + 1);
    const hostname = `${name}.${namespace}`;
    const service = { hostname, name: hostname, namespace, registry: 'External' as const };
    const port = { name: entry.port?.name ?? '', port: number };
    const named = settings.inboundStatName === '' ? undefined : statName(settings.inboundStatName, { service, port, subset: '', targetPort: number });
    return {
      targetPort: number,
      servicePort: number,
      protocol,
      mode: modeOf(scope, number),
      hostname,
      tcpStatPrefix: named ?? inboundClusterName(number),
      binds: bind !== '' ? [bind] : scope.address !== '' ? [scope.address] : capturedWildcards(scope.ipMode),
      bindsToPort,
      sidecar: `${namespace}/${name}`,
    };
  };

  return { chunk: (scope, settings) => listeners.get(`${scope.id}~${settings.id}`) };
}

/** One entry per target port, ascending; the first (of the oldest service) wins. */
function firstOfEach(ports: readonly InboundPort[]): InboundPort[] {
  const byPort = new Map<number, InboundPort>();
  for (const port of ports) if (!byPort.has(port.targetPort)) byPort.set(port.targetPort, port);
  return [...byPort.values()].sort((a, b) => a.targetPort - b.targetPort);
}
