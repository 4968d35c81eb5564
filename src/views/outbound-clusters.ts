/**
 * Outbound clusters by content: the key of a cluster holds what it depends on of its client, and no more.
 */
import type { TrafficPolicy } from '../api/istio.js';
import type { CertificateSource } from '../model/certificate-source.js';
import type { Mesh } from '../model/mesh.js';
import type { IpMode, ProxyType } from '../model/proxy.js';
import { type EndpointScope, type OutboundScope, scopeOf } from '../model/scope.js';
import type { Port, Service } from '../model/service.js';
import { effectivePolicy, isPassthroughSubset } from '../model/traffic-policy.js';
import { type OutboundClusterInput, translateOutboundCluster } from '../translate/cluster/outbound.js';
import { localitiesOf } from '../translate/endpoint/load-assignment.js';
import type { AssignmentInputs } from './assignment-inputs.js';
import { encodeCluster, keepsHeaderCase } from './cluster-encoding.js';
import { type EncodedResource, sameResource } from './encode.js';
import { formatKey, parseKey, type SubsetKey } from './subset-key.js';

export interface OutboundClusters {
  /** Clusters of all ports and subsets of a service. `endpointScope` counts for DNS services only, '' otherwise. */
  clusters(scope: OutboundScope, service: Service, endpointScope: string): readonly EncodedResource[];
}

export function defineOutboundClusters(mesh: Mesh, inputs: AssignmentInputs): OutboundClusters {
  const { graph, destinationRules } = mesh;

  /** Key: service, port, subset, rules; proxy type, IP family, certificates, header case, facts for metrics, exchange with peers, SNI mode, client slice. */
  const cluster = graph.query(
    'cluster',
    (text: string): EncodedResource | undefined => {
      const { key, rest } = parseKey(text);
      const input = clusterInput(key, rest);
      const translated = input === undefined ? undefined : translateOutboundCluster(input);
      return translated === undefined ? undefined : encodeCluster(translated);
    },
    { equals: sameResource },
  );

  const clusterInput = (key: SubsetKey, rest: readonly string[]): OutboundClusterInput | undefined => {
    const [proxyType, ipMode, certificates, keepHeaderCase, metricFacts, peerExchange, mode, client] = rest as [
      ProxyType,
      IpMode,
      CertificateSource,
      string,
      string,
      string,
      string,
      string,
    ];
    const service = mesh.services.get(key.service);
    const port = service === undefined ? undefined : inputs.port(service, key.port);
    if (service === undefined || port === undefined) return undefined;
    const config = mesh.config();
    const selected = destinationRules.get(key.rules);
    const policy = effectivePolicy(config.defaultTrafficPolicy, selected?.spec, key.port, key.subset);
    const assignment = client === '' ? undefined : inputs.input(key, client, mode === 'sni');
    return {
      service,
      port,
      subset: key.subset,
      sniDnat: mode === 'sni',
      proxyType,
      ipMode,
      certificates,
      keepHeaderCase: keepHeaderCase === 'keep',
      policy,
      passthrough: isPassthroughSubset(selected?.spec, key.subset),
      rule: selected && {
        namespace: selected.rule.metadata.namespace,
        name: selected.rule.metadata.name,
        hasSelector: selected.rule.spec.workloadSelector !== undefined,
      },
      autoMutualTls: config.enableAutoMtls && infersMutualTls(service, port, policy),
      serviceAccounts: inputs.serviceAccounts(service),
      localities: assignment === undefined ? [] : localitiesOf(assignment),
      mesh: config,
      metricFacts: metricFacts !== '',
      peerExchange: peerExchange !== '',
    };
  };

  /** PA-004, PA-006: what the server's namespace says; passthrough connections cannot choose per endpoint, so all must be able. */
  const infersMutualTls = (service: Service, port: Port, policy: TrafficPolicy | undefined): boolean => {
    if (service.meshExternal) return false;
    const isPassthrough = service.resolution === 'Passthrough' || policy?.loadBalancer?.simple === 'PASSTHROUGH';
    if (isPassthrough && !allCapable.get(`${service.key}\t${port.name}`)) return false;
    return mesh.peerAuthentications.namespaceMode(service.namespace) !== 'DISABLE';
  };
  const allCapable = graph.query('allEndpointsCapable', (text: string): boolean => {
    const [key = '', portName = ''] = text.split('\t');
    const service = mesh.services.get(key);
    const port = service?.ports.find(({ name }) => name === portName);
    const endpoints = service === undefined || port === undefined ? [] : inputs.endpoints(service, port);
    return endpoints.length > 0 && endpoints.every(({ tlsMode }) => tlsMode === 'istio');
  });

  /** Key: outbound scope. */
  const passesTls = graph.query('hasAutoPassthrough', (scopeId: string): boolean =>
    mesh.gateways
      .listeners(scopeOf<OutboundScope>(scopeId))
      .some(({ servers }) => servers.some(({ server }) => server.tls?.mode === 'AUTO_PASSTHROUGH')),
  );
  const headerCase = graph.query('keepsHeaderCase', (proxyConfig: string): boolean => keepsHeaderCase(mesh, proxyConfig));

  return {
    clusters(scope, service, endpointScope) {
      const rules = destinationRules.selectKeys(scope, service);
      const isDns = endpointScope !== '';
      const common = [
        scope.type,
        isDns || service.resolution === 'DynamicDNS' ? scope.ipMode : 'ipv4',
        scope.certificates,
        headerCase.get(scope.proxyConfig) ? 'keep' : '',
        scope.metricFacts ? 'facts' : '',
        scope.peerExchange ? 'exchange' : '',
      ];
      const modes = scope.type === 'router' && !service.meshExternal && passesTls.get(scope.id) ? ['', 'sni'] : [''];
      const client = (key: SubsetKey): string => (isDns ? inputs.clientOf(scopeOf<EndpointScope>(endpointScope), service, key) : '');
      const subsets = ['', ...destinationRules.subsetNames(rules)];
      return service.ports.flatMap((port) => {
        if (port.protocol === 'UDP') return [];
        if (service.resolution === 'DynamicDNS' && !isDynamicProtocol(port)) return [];
        const names = service.resolution === 'DynamicDNS' ? [''] : subsets;
        return modes.flatMap((mode) =>
          names.flatMap((subset) => {
            const key = { service: service.key, port: port.port, subset, rules };
            return cluster.get(formatKey(key, ...common, mode, client(key))) ?? [];
          }),
        );
      });
    },
  };
}

/** The dynamic forward proxy needs a host name on the wire: in a request or in an SNI. */
const isDynamicProtocol = ({ protocol }: Port): boolean => protocol === 'HTTP' || protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'TLS';
