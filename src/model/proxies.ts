/**
 * Proxy → scope slices. Which labels a slice carries is decided by what the mesh's rules look at, so that pods which differ only in
 * labels nobody asks for share their configuration.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Gateway, Sidecar } from '../api/istio.js';
import { byAge, keyOf } from '../api/resource.js';
import type { Graph } from '../graph/graph.js';
import { networkAt } from './clusters.js';
import { isManagedGateway } from './derived-rows.js';
import { gatewayPorts, quicPorts } from './gateway-ports.js';
import { gatewayClaims } from './host-claims.js';
import type { HostOwnership } from './host-ownership.js';
import type { KnownProxies } from './known-proxies.js';
import { type Labels, pickLabels, selects } from './labels.js';
import type { Mesh, Proxies } from './mesh.js';
import { policyLabelKeys } from './policy-target.js';
import type { IpMode, Proxy } from './proxy.js';
import { type EndpointScope, type InboundScope, internScope, type OutboundScope, type ServiceTarget } from './scope.js';
import type { ModelSettings } from './services.js';
import { NO_LOCALITY } from './workload.js';

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.size === b.size && [...a].every((key) => b.has(key));

/** Settings that look at the client's place, and at its labels. */
interface Balancing {
  readonly localityLbSetting?: { readonly failoverPriority?: readonly string[] } | undefined;
  readonly zoneAwareLbSetting?: { readonly failoverPriority?: readonly string[] } | undefined;
}

export function defineProxies(
  graph: Graph,
  mesh: Pick<Mesh, 'rows' | 'config' | 'clusters' | 'services' | 'endpoints' | 'derived' | 'envoyFilters' | 'proxyConfigs'> & {
    readonly settings: Pick<ModelSettings, 'domain' | 'quicListeners' | 'ipv4Outbound'>;
    readonly ownership: () => HostOwnership | undefined;
    readonly knownProxy: KnownProxies;
  },
): Proxies {
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
      const settings: { readonly failoverPriority?: readonly string[] }[] = [];
      const add = ({ localityLbSetting, zoneAwareLbSetting }: Balancing): void => {
        for (const one of [localityLbSetting, zoneAwareLbSetting]) if (one !== undefined) settings.push(one);
      };
      if (Object.keys(mesh.config().localityLbSetting).length > 0) add(mesh.config());
      else add({ zoneAwareLbSetting: (mesh.config() as Balancing).zoneAwareLbSetting });
      let outliers = false;
      for (const { spec } of rows.of('DestinationRule').list().values()) {
        const policies = [spec.trafficPolicy, ...(spec.subsets ?? []).map((subset) => subset.trafficPolicy)].flatMap((policy) => [
          policy,
          ...(policy?.portLevelSettings ?? []),
        ]);
        for (const policy of policies) {
          if (policy?.outlierDetection !== undefined) outliers = true;
          if (policy?.loadBalancer !== undefined) add(policy.loadBalancer);
        }
      }
      for (const setting of settings) for (const label of setting.failoverPriority ?? []) labels.add(label.split('=')[0] as string);
      const distributed = [...mesh.services.namespaces()].some((namespace) =>
        mesh.services.inNamespace(namespace).some((service) => service.trafficDistribution !== undefined),
      );
      // The network that a pod is labelled with counts where its proxy names none.
      if (distributed) labels.add('topology.istio.io/network');
      const local = [...services.list().values()].some((row) => row.spec.internalTrafficPolicy === 'Local');
      return {
        labels: [...labels].sort(),
        node: local || labels.has('kubernetes.io/hostname') || distributed,
        locality: settings.length > 0 || outliers || distributed,
      };
    },
    { equals: isDeepStrictEqual },
  );

  /** What ends at the proxy, in its own cluster. */
  const targetsOf = (proxy: Proxy): readonly ServiceTarget[] => {
    const address = proxy.ipAddresses[0] as string;
    const cluster = mesh.clusters.nameOf(mesh.clusters.remoteOf(proxy.clusterId));
    // An address may be in services of other namespaces too; those have no word about this workload.
    const targets = mesh.endpoints.targetsAt(address, cluster).filter(({ service }) => mesh.services.get(service)?.namespace === proxy.namespace);
    // Its pod may not be known yet, or there is none.
    const isKnown = targets.length > 0 || mesh.endpoints.workloadNameAt(address) !== '';
    return isKnown ? targets : mesh.endpoints.targetsOfLabels(proxy.namespace, proxy.labels, cluster);
  };
  /** The proxy's own word, else what is known of its cluster (CL-005). */
  const networkOf = (proxy: Proxy): string =>
    proxy.network || networkAt(mesh.clusters.place(mesh.clusters.remoteOf(proxy.clusterId)), proxy.ipAddresses[0] as string);
  /** Whether anybody in the mesh wants metrics. */
  const asksForMetrics = graph.query(
    'asksForMetrics',
    (): boolean =>
      (mesh.config().defaultProviders?.metrics ?? []).length > 0 ||
      [...rows.of('Telemetry').list().values()].some(({ spec }) => (spec.metrics?.length ?? 0) > 0),
  );

  const gatewaysOf = (proxy: Proxy): readonly string[] => {
    if (proxy.type !== 'router') return [];
    const { namespace, labels } = proxy;
    const services = targetsOf(proxy).flatMap(({ service }) => mesh.services.get(service) ?? []);
    const derived = mesh.derived.gatewaysFor({ namespace, labels, services });
    const selected = [...gateways.list().values()].filter((row: Gateway) => selects((row.spec.selector ?? {}) as Labels, labels));
    const ownership = mesh.ownership();
    const holds = (row: Gateway): boolean =>
      ownership === undefined ||
      row.metadata.namespace === namespace ||
      isManagedGateway(row) ||
      gatewayClaims(row, ownership, mesh.settings.domain).length === 0;
    return [...derived, ...withoutForeign(selected, derived)].filter(holds).sort(byAge).map(keyOf);
  };
  const gatewayPortsOf = (proxy: Proxy): OutboundScope['gatewayPorts'] =>
    proxy.type === 'router' ? gatewayPorts(targetsOf(proxy), (key) => mesh.services.get(key)) : [];
  const quicPortsOf = (proxy: Proxy): Pick<OutboundScope, 'quicPorts'> => {
    if (proxy.type !== 'router' || mesh.settings.quicListeners !== true) return {};
    const found = quicPorts(targetsOf(proxy), (key) => mesh.services.get(key));
    return found.length === 0 ? {} : { quicPorts: found };
  };

  const ipMode = (proxy: Proxy): IpMode => (proxy.ipMode === 'ipv6' && mesh.settings.ipv4Outbound === true ? 'ipv6-v4' : proxy.ipMode);

  const outbound = graph.query('outboundScope', (proxyKey: string): OutboundScope => {
    const proxy = known(proxyKey);
    return internScope<OutboundScope>('o', {
      type: proxy.type,
      ...(proxy.generator && { generator: proxy.generator }),
      namespace: proxy.namespace,
      domain: meshDomain(proxy.dnsDomain),
      dnsDomain: proxy.dnsDomain,
      clusterId: proxy.clusterId,
      network: networkOf(proxy),
      ipMode: ipMode(proxy),
      interceptionMode: proxy.interceptionMode,
      certificates: proxy.certificates,
      istioVersion: proxy.istioVersion ?? '',
      http10: proxy.http10,
      httpProxyPort: proxy.httpProxyPort,
      dnsCapture: proxy.dnsCapture,
      dnsAutoAllocate: proxy.dnsAutoAllocate,
      idleTimeout: proxy.idleTimeout ?? '',
      unprivilegedPod: proxy.unprivilegedPod,
      ...(proxy.istioFilters?.includes('tcp_exchange') && { peerExchange: true as const }),
      ...(isStockEnvoy(proxy) && asksForMetrics.get('') && { metricFacts: true as const }),
      // Patches of routes are made for whole route configurations.
      ...(proxy.vhdsThreshold !== undefined && !mesh.envoyFilters.patchesRoutes(proxyKey) && { vhdsThreshold: proxy.vhdsThreshold }),
      sidecar: selectSidecar(proxy),
      gateways: gatewaysOf(proxy),
      gatewayPorts: gatewayPortsOf(proxy),
      ...quicPortsOf(proxy),
      // A gateway's listeners carry its policies.
      labels: pickLabels(proxy.labels, (proxy.type === 'router' ? inboundLabelKeys : outboundLabelKeys).get('')),
      proxyConfig: mesh.proxyConfigs.served(proxy),
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
      network: scope.network,
      ...(proxy.networkView && { networkView: proxy.networkView }),
      ipMode: ipMode(proxy),
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
    const targets = proxy.type === 'sidecar' ? targetsOf(proxy) : [];
    return internScope<InboundScope>('i', {
      namespace: proxy.namespace,
      ipMode: ipMode(proxy),
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
    const proxy = mesh.knownProxy(proxyKey);
    if (proxy === undefined) throw new Error(`no proxy ${proxyKey}`);
    return proxy;
  };

  return {
    get: mesh.knownProxy,
    outboundScope: (key) => outbound.get(key),
    endpointScope: (key) => endpoint.get(key),
    inboundScope: (key) => inbound.get(key),
  };
}

const isStockEnvoy = ({ istioVersion, generator }: Proxy): boolean => istioVersion === undefined && generator === undefined;

/** `default.svc.cluster.local` → `cluster.local`. */
const meshDomain = (dnsDomain: string): string => {
  const at = dnsDomain.indexOf('.svc.');
  return at < 0 ? dnsDomain : dnsDomain.slice(at + '.svc.'.length);
};

/** The workload of a managed Gateway serves no Istio Gateways of other namespaces, whose certificates are none of its business (GA-033). */
function withoutForeign(rows: readonly Gateway[], derived: readonly Gateway[]): readonly Gateway[] {
  const managed = new Set(derived.filter(isManagedGateway).map(({ metadata }) => metadata.namespace));
  return managed.size === 0 ? rows : rows.filter(({ metadata }) => managed.has(metadata.namespace));
}
