/** Pages about the mesh: what was read, and what the model makes of it. */
import { KINDS } from '../api/kinds.js';
import { byAge } from '../api/resource.js';
import type { Mesh } from '../model/mesh.js';
import type { Service } from '../model/service.js';
import { objectOf } from './config-json.js';
import { notFound } from './elsewhere.js';
import { isOn, nameOf, ofProxy, ok, type PageParts, type Pages } from './page.js';
import { endpointShards, gatewayJson, serviceJson, targetJson } from './service-json.js';

/** Gauge of istiod → what we call it; the page has cases under the gauge's name. */
const GAUGES = {
  endpointsWithoutPod: 'endpoint_no_pod',
  proxiesWithoutService: 'pilot_no_ip',
  proxiesNotReady: 'pilot_endpoint_not_ready',
  emptyClusters: 'pilot_eds_no_instances',
  emptyDnsClusters: 'pilot_dns_cluster_without_endpoints',
  inboundPorts: 'pilot_conflict_inbound_listener',
  outboundTcpPorts: 'pilot_conflict_outbound_listener_tcp_over_current_tcp',
  clusterNames: 'pilot_duplicate_envoy_clusters',
  virtualServiceHosts: 'pilot_vservice_dup_domain',
  subsets: 'pilot_destrule_subsets',
} as const;

export function meshPages({ mesh, conflicts, clusters, injection }: PageParts): Pages {
  const own = clusters()[0] ?? '';
  const json = (service: Service) => serviceJson(service, own);
  const shards = { help: 'the endpoints of each service, by registry and cluster', answer: () => ok(endpointShards(mesh)) };
  return {
    configz: {
      help: 'the configuration in force, as Kubernetes objects; ?all with Kubernetes’ own kinds but Secrets',
      answer: (query) => ok(configuration(mesh, isOn(query.get('all')))),
    },
    resourcesz: {
      help: 'the kinds that are read',
      answer: () => ok(KINDS.map(({ group, versions, yamlKind }) => ({ group, version: versions[0], kind: yamlKind }))),
    },
    inject: {
      help: 'what injection goes by: templates, values, who is injected',
      answer() {
        const settings = injection?.();
        return settings === undefined ? notFound('inject') : ok(settings);
      },
    },
    mesh: { help: 'the mesh configuration in force', answer: () => ok(mesh.config()) },
    registryz: { help: 'the services of the mesh', answer: () => ok(allServices(mesh).map(json)) },
    endpointz: shards,
    endpointShardz: shards,
    instancesz: {
      help: 'the service ports that end at each connected proxy',
      answer: () =>
        ok(
          Object.fromEntries(
            [...mesh.rows.proxies.list().values()].map((proxy) => [
              nameOf(proxy),
              mesh.proxies.inboundScope(proxy.key).targets.map((target) => targetJson(mesh, target, own)),
            ]),
          ),
        ),
    },
    sidecarz: {
      help: 'what a proxy sees of the mesh; ?proxyID=NAME.NAMESPACE',
      answer: ofProxy(mesh, (proxy) => sidecarScope(mesh, proxy.key, json)),
    },
    authorizationz: { help: 'the AuthorizationPolicies by namespace', answer: () => ok({ authorization_policies: policies(mesh) }) },
    telemetryz: {
      help: 'the Telemetries by namespace, or those that hold at a proxy; ?proxyID=NAME.NAMESPACE',
      answer: (query, caller) =>
        query.has('proxyID') ? ofProxy(mesh, (proxy) => telemetryOf(mesh, proxy))(query, caller) : ok({ telemetries: telemetries(mesh) }),
    },
    networkz: { help: 'the gateways between networks', answer: () => ok(mesh.networkGateways.all().map(gatewayJson)) },
    clusterz: {
      help: 'the clusters whose resources are read',
      answer: () => ok(clusters().map((id) => ({ id, secretName: '', syncStatus: 'synced' }))),
    },
    push_status: {
      help: 'what is doubtful in the mesh at present, by the metric that counts it',
      answer: () =>
        ok(
          Object.fromEntries(
            Object.entries(conflicts()).flatMap(([name, cases]) =>
              Object.keys(cases).length > 0 ? [[GAUGES[name as keyof typeof GAUGES], cases]] : [],
            ),
          ),
        ),
    },
    pushcontext: {
      help: 'policies and gateways between networks in force',
      answer: () =>
        ok({
          AuthorizationPolicies: policies(mesh),
          NetworkGateways: mesh.networkGateways.all().map(gatewayJson),
          UnresolvedGateways: mesh.networkGateways.hostnames(),
        }),
    },
  };
}

const allServices = ({ services }: Mesh): readonly Service[] => services.namespaces().flatMap((namespace) => services.inNamespace(namespace));

/** Mesh-wide settings have a page of their own. */
const SETTINGS = 'mesh.istio.io';

/** Secrets never leave. */
function configuration(mesh: Mesh, withNative: boolean): readonly unknown[] {
  const kinds = new Set(
    KINDS.filter(({ kind, native, group }) => kind !== 'Secret' && group !== SETTINGS && (withNative || !native)).map(({ kind }) => kind),
  );
  return [...kinds].flatMap((kind) => [...mesh.rows.of(kind).list().values()].map(objectOf));
}

function policies(mesh: Mesh) {
  const rows = [...mesh.rows.of('AuthorizationPolicy').list().values()].sort(byAge);
  const told = rows.map(({ metadata: { name, namespace, annotations }, spec }) => ({ name, namespace, annotations, spec }));
  return { namespace_to_policies: Object.groupBy(told, ({ namespace }) => namespace), root_namespace: mesh.config().rootNamespace };
}

function telemetries(mesh: Mesh) {
  const rows = [...mesh.rows.of('Telemetry').list().values()].sort(byAge);
  const told = rows.map(({ metadata: { name, namespace }, spec }) => ({ name, namespace, spec }));
  return { namespace_to_telemetries: Object.groupBy(told, ({ namespace }) => namespace), root_namespace: mesh.config().rootNamespace };
}

/** What is laid over each other, the mesh's first. */
function telemetryOf(mesh: Mesh, { namespace, labels }: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }) {
  const specs = mesh.telemetries.of({ namespace, labels });
  return {
    Metrics: specs.flatMap(({ metrics = [] }) => metrics),
    Logging: specs.flatMap(({ accessLogging = [] }) => (accessLogging.length > 0 ? [{ Logging: accessLogging }] : [])),
    Tracing: specs.flatMap(({ tracing = [] }) => tracing),
  };
}

function sidecarScope({ proxies, sidecarScopes, destinationRules }: Mesh, proxyKey: string, json: (service: Service) => unknown) {
  const scope = proxies.outboundScope(proxyKey);
  const services = sidecarScopes.namespaces(scope).flatMap((namespace) => sidecarScopes.servicesIn(scope, namespace));
  const rules = services.map((service) => [service.hostname, destinationRules.select(scope, service)] as const);
  const sidecar = sidecarScopes.sidecar(scope);
  return {
    name: sidecar?.metadata.name ?? 'default-sidecar',
    namespace: scope.namespace,
    outboundTrafficPolicy: { mode: sidecarScopes.outboundTrafficPolicy(scope) },
    services: services.map(json),
    egressListenerServices: sidecarScopes.egressListeners(scope).map(({ index }) => sidecarScopes.servicesOf(scope, index).map(json)),
    servicesByHostname: Object.fromEntries(services.map((service) => [service.hostname, json(service)])),
    sidecar: sidecarScopes.spec(scope) ?? null,
    destinationRules: Object.fromEntries(
      rules.flatMap(([hostname, selected]) => (selected === undefined ? [] : [[hostname, selected.from.map(objectOf)]])),
    ),
  };
}
