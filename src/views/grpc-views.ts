/**
 * LDS and CDS of gRPC clients and servers, which ask for every resource by name (XD-025). Routes and endpoints come from the same views as
 * Envoy's, cut down to what gRPC knows.
 */
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { Mesh } from '../model/mesh.js';
import { BLACK_HOLE_CLUSTER, outboundClusterName, parseOutboundName } from '../model/names.js';
import { type InboundScope, type OutboundScope, scopeOf } from '../model/scope.js';
import type { Service } from '../model/service.js';
import { serviceAddresses } from '../model/service-addresses.js';
import { rulePolicy } from '../model/traffic-policy.js';
import { grpcCluster } from '../translate/grpc/cluster.js';
import { serverListener } from '../translate/grpc/inbound-listener.js';
import { hostCandidates, parseListenerName } from '../translate/grpc/names.js';
import { apiListener } from '../translate/grpc/outbound-listener.js';
import { byAction, grpcAuthorization } from '../translate/rbac/filters.js';
import { authority } from '../translate/route/default-route.js';
import { encodeCluster } from './cluster-encoding.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import { assignmentInputs } from './endpoints.js';
import { formatKey, parseKey } from './subset-key.js';

export interface GrpcViews {
  /** Undefined when there is no such service port, or none of the proxy's own: clients wait for it, 15 s as a rule, and then fail calls. */
  listener(proxyKey: string, name: string): EncodedResource | undefined;
  cluster(proxyKey: string, name: string): EncodedResource | undefined;
  /** Everything a client could ask for, each listener by its full name: for dumps, and for clients that name nothing. */
  allListeners(proxyKey: string): readonly EncodedResource[];
  allClusters(proxyKey: string): readonly EncodedResource[];
}

const same = { equals: sameResource };

/** What Istio's injection and agents put on workloads that can do mutual TLS. */
const TLS_MODE = 'security.istio.io/tlsMode';

export function defineGrpcViews(mesh: Mesh): GrpcViews {
  const { graph, sidecarScopes, destinationRules } = mesh;
  const inputs = assignmentInputs(mesh);

  /** Key: `outbound scope|name`. */
  const outbound = graph.query(
    'grpcListener',
    (key: string): EncodedResource | undefined => {
      const [id, name] = splitAtBar(key);
      const scope = scopeOf<OutboundScope>(id);
      const target = parseListenerName(name);
      if (target?.kind !== 'outbound') return undefined;
      const service = hostCandidates(target.host, scope.dnsDomain, scope.domain)
        .map((host) => sidecarScopes.service(scope, host))
        .find((found) => found !== undefined);
      const port = service === undefined ? undefined : portOf(service, target.port);
      if (service === undefined || port === undefined) return undefined;
      return encodeResource(
        Listener,
        name,
        apiListener({ name, hostname: service.hostname, port, address: serviceAddresses(service, scope)[0] ?? service.address }),
      );
    },
    same,
  );
  /** Key: `inbound scope|tls or nothing|name`. */
  const inbound = graph.query(
    'grpcServerListener',
    (key: string): EncodedResource | undefined => {
      const [id, rest] = splitAtBar(key);
      const [announced, name] = splitAtBar(rest);
      const target = parseListenerName(name);
      const scope = scopeOf<InboundScope>(id);
      if (target?.kind !== 'inbound' || !scope.targets.some(({ targetPort }) => targetPort === target.port)) return undefined;
      const mode = mesh.peerAuthentications.mode(scope.namespace, scope.labels, target.port);
      const { address, port } = target;
      const { trustDomain, trustDomainAliases } = mesh.config();
      const policies = byAction(mesh.authorizationPolicies.of(scope.namespace, scope.labels));
      const authorization = grpcAuthorization(policies, [trustDomain, ...trustDomainAliases]);
      return encodeResource(Listener, name, serverListener({ name, address, port, mode, announcesTls: announced === 'tls', authorization }));
    },
    same,
  );
  /** Key: service, port, subset, rules. */
  const cluster = graph.query(
    'grpcCluster',
    (text: string): EncodedResource | undefined => {
      const { key } = parseKey(text);
      const service = mesh.services.get(key.service);
      const port = service === undefined ? undefined : inputs.port(service, key.port);
      if (service === undefined || port === undefined) return undefined;
      const dnsName = isDns(service) ? inputs.endpoints(service, port)[0] : undefined;
      return encodeCluster(
        grpcCluster({
          name: outboundClusterName(service.hostname, key.port, key.subset),
          policy: rulePolicy(destinationRules.get(key.rules)?.spec, key.port, key.subset),
          serviceAccounts: inputs.serviceAccounts(service),
          ...(dnsName && { dnsName: { address: dnsName.address, port: dnsName.port } }),
        }),
      );
    },
    same,
  );
  /** Key: `outbound scope|cluster name`. */
  const clusterChoice = graph.query('grpcClusterChoice', (key: string): string | undefined => {
    const [id, name] = splitAtBar(key);
    const scope = scopeOf<OutboundScope>(id);
    const target = parseOutboundName(name);
    const service = target === undefined ? undefined : sidecarScopes.service(scope, target.hostname);
    if (target === undefined || service === undefined || name !== outboundClusterName(target.hostname, target.port, target.subset)) return undefined;
    const rules = destinationRules.selectKeys(scope, service);
    if (target.subset !== '' && !destinationRules.subsetNames(rules).includes(target.subset)) return undefined;
    return formatKey({ service: service.key, port: target.port, subset: target.subset, rules });
  });

  /** Its load assignment is empty, as of every name that is no service. */
  const blackHole = graph.query(
    'grpcBlackHole',
    () => encodeCluster(grpcCluster({ name: BLACK_HOLE_CLUSTER, policy: undefined, serviceAccounts: [] })),
    same,
  );

  const clusterOf = (scope: OutboundScope, name: string): EncodedResource | undefined => {
    if (name === BLACK_HOLE_CLUSTER) return blackHole.get('');
    const chosen = clusterChoice.get(`${scope.id}|${name}`);
    return chosen === undefined ? undefined : cluster.get(chosen);
  };
  const servicesOf = (scope: OutboundScope): readonly Service[] =>
    sidecarScopes
      .namespaces(scope)
      .flatMap((namespace) => sidecarScopes.servicesIn(scope, namespace))
      .filter(({ resolution }) => resolution !== 'Alias');
  const portsOf = ({ ports }: Service) => ports.filter(({ protocol }) => protocol !== 'UDP');

  return {
    listener(proxyKey, name) {
      if (parseListenerName(name)?.kind !== 'inbound') return outbound.get(`${mesh.proxies.outboundScope(proxyKey).id}|${name}`);
      const announced = mesh.proxies.get(proxyKey)?.labels[TLS_MODE] === 'istio' ? 'tls' : '';
      return inbound.get(`${mesh.proxies.inboundScope(proxyKey).id}|${announced}|${name}`);
    },
    cluster: (proxyKey, name) => clusterOf(mesh.proxies.outboundScope(proxyKey), name),
    allListeners(proxyKey) {
      const scope = mesh.proxies.outboundScope(proxyKey);
      const names = servicesOf(scope).flatMap((service) => portsOf(service).map(({ port }) => authority(service.hostname, port)));
      return [...new Set(names)].flatMap((name) => outbound.get(`${scope.id}|${name}`) ?? []);
    },
    allClusters(proxyKey) {
      const scope = mesh.proxies.outboundScope(proxyKey);
      const names = servicesOf(scope).flatMap((service) => {
        const subsets = ['', ...destinationRules.subsetNames(destinationRules.selectKeys(scope, service))];
        return portsOf(service).flatMap(({ port }) => subsets.map((subset) => outboundClusterName(service.hostname, port, subset)));
      });
      return [...new Set(names), BLACK_HOLE_CLUSTER].flatMap((name) => clusterOf(scope, name) ?? []);
    },
  };
}

const isDns = ({ resolution }: Service): boolean => resolution === 'DNS' || resolution === 'DNSRoundRobin';

/** A target without a port means the service's only one, else HTTP's. */
function portOf({ ports }: Service, wanted: number | undefined): number | undefined {
  const usable = ports.filter(({ protocol }) => protocol !== 'UDP').map(({ port }) => port);
  if (wanted === undefined && usable.length === 1) return usable[0];
  return usable.find((port) => port === (wanted ?? 80));
}

function splitAtBar(text: string): [string, string] {
  const at = text.indexOf('|');
  return [text.slice(0, at), text.slice(at + 1)];
}
