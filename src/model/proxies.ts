/**
 * Proxy → scope slices. Which labels a slice carries is decided by what the mesh's rules look at, so that pods which differ only in
 * labels nobody asks for share their configuration.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway, Sidecar } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import { isManagedGateway } from './derived-rows.js';
import { gatewayPorts } from './gateway-ports.js';
import { type Labels, pickLabels, selects } from './labels.js';
import type { Mesh, Proxies } from './mesh.js';
import { policyLabelKeys } from './policy-target.js';
import type { Proxy } from './proxy.js';
import { type EndpointScope, type InboundScope, internScope, type OutboundScope } from './scope.js';
import { NO_LOCALITY } from './workload.js';

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.size === b.size && [...a].every((key) => b.has(key));

export function defineProxies(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config' | 'services' | 'endpoints' | 'derived' | 'envoyFilters'>): Proxies {
  const { rows } = mesh;
  const sidecars = rows.of('Sidecar');
  const gateways = rows.of('Gateway');
  const services = rows.of('Service');
  const sidecarsByNamespace = sidecars.index('namespace', (row) => [row.metadata.namespace]);

  /** Label keys that client-side rules anywhere in the mesh look at. */
  const outboundLabelKeys = graph.query(
    'outboundLabelKeys',
    (): ReadonlySet<string> => {
      const keys = new Set<string>();
      const add = (labels: Labels | undefined) => {
        for (const key in labels) keys.add(key);
      };
      for (const key of sourceLabelKeys.get('')) keys.add(key);
      for (const row of rows.of('DestinationRule').list().values()) add(row.spec.workloadSelector?.matchLabels);
      return keys;
    },
    { equals: sameSet },
  );
  const sourceLabelKeys = graph.query(
    'sourceLabelKeys',
    (): ReadonlySet<string> => {
      const keys = new Set<string>();
      for (const { spec } of rows.of('VirtualService').list().values()) {
        const matches = [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])].flatMap(
          (route) => (route.match ?? []) as { sourceLabels?: Labels }[],
        );
        for (const match of matches) for (const key in match.sourceLabels) keys.add(key);
      }
      return keys;
    },
    { equals: sameSet },
  );
  /** Label keys that server-side policies look at. Telemetry is not among them: listener settings read labels themselves. */
  const inboundLabelKeys = graph.query(
    'inboundLabelKeys',
    (): ReadonlySet<string> => {
      const keys = new Set(outboundLabelKeys.get(''));
      for (const kind of ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'] as const) {
        for (const row of rows.of(kind).list().values()) for (const key of policyLabelKeys(row.spec)) keys.add(key);
      }
      return keys;
    },
    { equals: sameSet },
  );
  /** What endpoint selection looks at, mesh-wide: label keys, and whether locality or node decide anything. */
  const endpointInterest = graph.query(
    'endpointInterest',
    (): { readonly labels: readonly string[]; readonly node: boolean; readonly locality: boolean } => {
      const labels = new Set<string>();
      let locality = Object.keys(mesh.config().localityLbSetting).length > 0;
      const settings = [mesh.config().localityLbSetting];
      for (const { spec } of rows.of('DestinationRule').list().values()) {
        const policies = [spec.trafficPolicy, ...(spec.subsets ?? []).map((subset) => subset.trafficPolicy)].flatMap((policy) => [
          policy,
          ...(policy?.portLevelSettings ?? []),
        ]);
        for (const policy of policies) {
          if (policy?.outlierDetection !== undefined) locality = true;
          if (policy?.loadBalancer?.localityLbSetting !== undefined) {
            settings.push(policy.loadBalancer.localityLbSetting);
            locality = true;
          }
        }
      }
      for (const setting of settings) for (const label of setting.failoverPriority ?? []) labels.add(label.split('=')[0] as string);
      const distributed = [...mesh.services.namespaces()].some((namespace) =>
        mesh.services.inNamespace(namespace).some((service) => service.trafficDistribution !== undefined),
      );
      const local = [...services.list().values()].some(
        (row) => row.spec.internalTrafficPolicy === 'Local' || row.spec.trafficDistribution === 'PreferSameNode',
      );
      return { labels: [...labels].sort(), node: local || labels.has('kubernetes.io/hostname') || distributed, locality: locality || distributed };
    },
    { equals: isDeepStrictEqual },
  );

  const gatewaysOf = (proxy: Proxy): readonly string[] => {
    if (proxy.type !== 'router') return [];
    const { namespace, labels } = proxy;
    const services = mesh.endpoints.targetsAt(proxy.ipAddresses[0] as string).flatMap(({ service }) => mesh.services.get(service) ?? []);
    const derived = mesh.derived.gatewaysFor({ namespace, labels, services });
    const selected = [...gateways.list().values()].filter((row: Gateway) => selects((row.spec.selector ?? {}) as Labels, labels));
    return [...derived, ...withoutForeign(selected, derived)].sort(byAge).map(keyOf);
  };
  const gatewayPortsOf = (proxy: Proxy): OutboundScope['gatewayPorts'] =>
    proxy.type === 'router' ? gatewayPorts(mesh.endpoints.targetsAt(proxy.ipAddresses[0] as string), (key) => mesh.services.get(key)) : [];

  const outbound = graph.query('outboundScope', (proxyKey: string): OutboundScope => {
    const proxy = known(proxyKey);
    return internScope<OutboundScope>('o', {
      type: proxy.type,
      ...(proxy.generator && { generator: proxy.generator }),
      namespace: proxy.namespace,
      domain: meshDomain(proxy.dnsDomain),
      dnsDomain: proxy.dnsDomain,
      clusterId: proxy.clusterId,
      network: proxy.network,
      ipMode: proxy.ipMode,
      interceptionMode: proxy.interceptionMode,
      certificates: proxy.certificates,
      istioVersion: proxy.istioVersion ?? '',
      http10: proxy.http10,
      httpProxyPort: proxy.httpProxyPort,
      dnsCapture: proxy.dnsCapture,
      dnsAutoAllocate: proxy.dnsAutoAllocate,
      idleTimeout: proxy.idleTimeout ?? '',
      unprivilegedPod: proxy.unprivilegedPod,
      // Patches of routes are made for whole route configurations.
      ...(proxy.vhdsThreshold !== undefined && !mesh.envoyFilters.patchesRoutes(proxyKey) && { vhdsThreshold: proxy.vhdsThreshold }),
      sidecar: selectSidecar(proxy),
      gateways: gatewaysOf(proxy),
      gatewayPorts: gatewayPortsOf(proxy),
      // A gateway's listeners carry its policies.
      labels: pickLabels(proxy.labels, (proxy.type === 'router' ? inboundLabelKeys : outboundLabelKeys).get('')),
      proxyConfig: proxyConfigOf(proxy),
    });
  });

  /** Workload's own, else the namespace's, else the root namespace's; the oldest of each (SC-002). */
  const selectSidecar = (proxy: Proxy): string => {
    if (proxy.type !== 'sidecar') return '';
    const own = [...sidecarsByNamespace.get(proxy.namespace).values()].sort(byAge);
    const labelsOf = (row: Sidecar): Labels | undefined => row.spec.workloadSelector?.labels;
    const byLabels = own.find((row) => labelsOf(row) !== undefined && selects(labelsOf(row) as Labels, proxy.labels));
    const chosen = byLabels ?? own.find((row) => labelsOf(row) === undefined) ?? rootSidecar();
    return chosen === undefined ? '' : keyOf(chosen);
  };
  const rootSidecar = (): Sidecar | undefined =>
    [...sidecarsByNamespace.get(mesh.config().rootNamespace).values()].sort(byAge).find((row) => row.spec.workloadSelector?.labels === undefined);

  const endpoint = graph.query('endpointScope', (proxyKey: string): EndpointScope => {
    const proxy = known(proxyKey);
    const interest = endpointInterest.get('');
    const scope = outbound.get(proxyKey);
    return internScope<EndpointScope>('e', {
      type: proxy.type,
      namespace: proxy.namespace,
      clusterId: proxy.clusterId,
      network: proxy.network,
      ipMode: proxy.ipMode,
      locality: interest.locality ? proxy.locality : NO_LOCALITY,
      nodeName: interest.node ? proxy.nodeName : '',
      labels: pickLabels(proxy.labels, new Set(interest.labels)),
      outbound: scope.id,
    });
  });

  const inbound = graph.query('inboundScope', (proxyKey: string): InboundScope => {
    const proxy = known(proxyKey);
    const scope = outbound.get(proxyKey);
    const ingress = scope.sidecar === '' ? undefined : sidecars.get(scope.sidecar)?.spec.ingress;
    const bindsAddress = proxy.interceptionMode === 'NONE' || (ingress?.length ?? 0) > 0;
    const targets = proxy.type === 'sidecar' ? mesh.endpoints.targetsAt(proxy.ipAddresses[0] as string) : [];
    return internScope<InboundScope>('i', {
      namespace: proxy.namespace,
      ipMode: proxy.ipMode,
      interceptionMode: proxy.interceptionMode,
      certificates: proxy.certificates,
      istioVersion: proxy.istioVersion ?? '',
      http10: proxy.http10,
      sidecar: scope.sidecar,
      address: bindsAddress ? (proxy.ipAddresses[0] as string) : '',
      targets,
      labels: pickLabels(proxy.labels, inboundLabelKeys.get('')),
      proxyConfig: scope.proxyConfig,
      idleTimeout: proxy.idleTimeout ?? '',
      outbound: scope.id,
    });
  });

  const known = (proxyKey: string): Proxy => {
    const proxy = rows.proxies.get(proxyKey);
    if (proxy === undefined) throw new Error(`no proxy ${proxyKey}`);
    return proxy;
  };

  return {
    get: (key) => rows.proxies.get(key),
    outboundScope: (key) => outbound.get(key),
    endpointScope: (key) => endpoint.get(key),
    inboundScope: (key) => inbound.get(key),
  };
}

/** `default.svc.cluster.local` → `cluster.local`. */
const meshDomain = (dnsDomain: string): string => {
  const at = dnsDomain.indexOf('.svc.');
  return at < 0 ? dnsDomain : dnsDomain.slice(at + '.svc.'.length);
};

/** The settings of the node's own ProxyConfig that translation reads, in a fixed order. */
function proxyConfigOf(proxy: Proxy): string {
  const config = proxy.metadata['PROXY_CONFIG'];
  if (typeof config !== 'object' || config === null) return '';
  const given = config as Record<string, unknown>;
  const picked = Object.fromEntries(
    ['gatewayTopology', 'tracing', 'proxyHeaders', 'interceptionMode'].filter((key) => given[key] !== undefined).map((key) => [key, given[key]]),
  );
  return Object.keys(picked).length === 0 ? '' : JSON.stringify(picked);
}

/** The workload of a managed Gateway serves no Istio Gateways of other namespaces, whose certificates are none of its business (GA-033). */
function withoutForeign(rows: readonly Gateway[], derived: readonly Gateway[]): readonly Gateway[] {
  const managed = new Set(derived.filter(isManagedGateway).map(({ metadata }) => metadata.namespace));
  return managed.size === 0 ? rows : rows.filter(({ metadata }) => managed.has(metadata.namespace));
}
