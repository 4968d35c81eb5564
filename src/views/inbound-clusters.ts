/**
 * Inbound clusters of one kind of workload: its service ports, or what its Sidecar's ingress listeners say (SD-063, MC-007, DR-031).
 */
import { isIPv6 } from 'node:net';
import type { ConnectionPoolSettings, IstioIngressListener, SidecarSpec } from '../api/istio.js';
import type { Mesh } from '../model/mesh.js';
import { parseProtocol } from '../model/protocol.js';
import { hasBothFamilies, hasOnlyIpv6 } from '../model/proxy.js';
import { type InboundScope, type OutboundScope, type ServiceTarget, scopeOf } from '../model/scope.js';
import type { Service } from '../model/service.js';
import { effectivePolicy } from '../model/traffic-policy.js';
import { type InboundClusterInput, translateInboundCluster } from '../translate/cluster/inbound.js';
import { namedForMetrics } from '../translate/cluster/metric-facts.js';
import { inboundPassthroughCluster } from '../translate/cluster/passthrough.js';
import { encodeCluster, keepsHeaderCase } from './cluster-encoding.js';
import type { EncodedResource } from './encode.js';

type Pools = { inboundConnectionPool?: ConnectionPoolSettings };

export interface InboundClusters {
  clusters(scope: InboundScope): readonly EncodedResource[];
}

export function defineInboundClusters(mesh: Mesh): InboundClusters {
  const servicesAt = (targets: readonly ServiceTarget[]): readonly Service[] => targets.flatMap(({ service }) => mesh.services.get(service) ?? []);

  /** What every inbound cluster of a scope has in common with the others of the same service port. */
  const common = (
    scope: InboundScope,
    services: readonly Service[],
    clusterPort: number,
    servicePort: number,
    pool: ConnectionPoolSettings | undefined,
  ) => {
    const config = mesh.config();
    const outbound = scopeOf<OutboundScope>(scope.outbound);
    const first = services[0];
    const isVisible = first !== undefined && mesh.sidecarScopes.service(outbound, first.hostname) !== undefined;
    const selected = isVisible ? mesh.destinationRules.get(mesh.destinationRules.selectKeys(outbound, first, true)) : undefined;
    const policy = effectivePolicy(config.defaultTrafficPolicy, selected?.spec, servicePort);
    return {
      clusterPort,
      services,
      ipMode: scope.ipMode,
      keepHeaderCase: keepsHeaderCase(mesh, scope.proxyConfig),
      connectionPool: pool ?? policy?.connectionPool,
      retryBudget: policy?.retryBudget,
      rule: selected?.spec.trafficPolicy ? selected.rule.metadata : undefined,
      fallbackHost: '',
      metricFacts: outbound.metricFacts === true,
      mesh: config,
    };
  };

  const fromServices = (scope: InboundScope, sidecar: SidecarSpec | undefined): InboundClusterInput[] => {
    // Without redirection the listeners would take the workload's own ports.
    if (scope.interceptionMode === 'NONE') return [];
    const isLocalhost = mesh.config().inboundTrafficPolicy.mode === 'LOCALHOST';
    const address = isLocalhost ? localhost(scope) : '';
    return [...new Set(scope.targets.map(({ targetPort }) => targetPort))].flatMap((targetPort) => {
      const targets = scope.targets.filter((target) => target.targetPort === targetPort);
      const first = targets[0] as ServiceTarget;
      if (mesh.services.get(first.service) === undefined) return [];
      const port = { name: first.portName, port: first.port, protocol: first.protocol };
      const services = servicesAt(targets.filter((target) => target.port === first.port));
      const pool = (sidecar as Pools | undefined)?.inboundConnectionPool;
      return [{ ...common(scope, services, targetPort, port.port, pool), port, address, addressPort: targetPort }];
    });
  };

  const fromIngress = (scope: InboundScope, sidecar: SidecarSpec, listener: IstioIngressListener): InboundClusterInput[] => {
    const number = Number(listener.port?.number ?? 0);
    const endpoint = parseDefaultEndpoint(listener.defaultEndpoint ?? '', scope);
    if (endpoint === undefined) return [];
    const services = servicesAt(scope.targets.filter(({ targetPort }) => targetPort === number).slice(0, 1));
    const pool = (listener as { connectionPool?: ConnectionPoolSettings }).connectionPool ?? (sidecar as Pools).inboundConnectionPool;
    const port = { name: listener.port?.name ?? '', port: number, protocol: parseProtocol(listener.port?.protocol) };
    return [
      {
        ...common(scope, services, number, number, pool),
        port,
        address: endpoint.address,
        addressPort: endpoint.port,
        fallbackHost: `${scope.sidecar.slice(scope.sidecar.indexOf('/') + 1)}.${scope.namespace}`,
      },
    ];
  };

  return {
    clusters(scope) {
      const sidecar = mesh.sidecarScopes.spec(scopeOf<OutboundScope>(scope.outbound));
      const ingress = sidecar?.ingress ?? [];
      const inputs =
        sidecar !== undefined && ingress.length > 0
          ? ingress.flatMap((listener) => fromIngress(scope, sidecar, listener))
          : fromServices(scope, sidecar);
      const passthrough = inboundPassthroughCluster(mesh.config(), scope.ipMode, keepsHeaderCase(mesh, scope.proxyConfig));
      const named = scopeOf<OutboundScope>(scope.outbound).metricFacts === true ? namedForMetrics(passthrough) : passthrough;
      return [...inputs.map(translateInboundCluster), named].map(encodeCluster);
    },
  };
}

const localhost = ({ ipMode }: InboundScope): string => (hasOnlyIpv6(ipMode) ? '::1' : '127.0.0.1');

/** '' = the original destination. The unspecified address stands for the workload's own, localhost for whichever family it has. */
function parseDefaultEndpoint(text: string, scope: InboundScope): { readonly address: string; readonly port: number } | undefined {
  if (text === '') return { address: '', port: 0 };
  if (text.startsWith('unix://')) return { address: text, port: 0 };
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(text.slice(colon + 1));
  if (colon < 0 || !Number.isInteger(port)) return undefined;
  switch (host) {
    case '127.0.0.1':
    case '::1':
      return { address: hasBothFamilies(scope.ipMode) ? host : localhost(scope), port };
    case '0.0.0.0':
      return { address: isIPv6(scope.address) ? '127.0.0.1' : scope.address, port };
    case '::':
      return { address: isIPv6(scope.address) ? scope.address : '::1', port };
    default:
      return { address: '', port };
  }
}
