/**
 * What one outbound scope can see (features section 5 SC). Without a Sidecar everything that is exported to the namespace, in chunks by the
 * services' namespaces; with one, what its egress listeners import and what the VirtualServices among that send traffic to.
 */
import type { Sidecar, VirtualService } from '../api/istio.js';
import { sameElements } from '../graph/equality.js';
import type { Graph } from '../graph/graph.js';
import { parseEgressHosts } from './egress-hosts.js';
import type { EgressListener, Mesh, SidecarScopes } from './mesh.js';
import { parseProtocol } from './protocol.js';
import type { OutboundScope } from './scope.js';
import type { Service } from './service.js';
import { exportedFirst, mergeByHostname, onlyPort, preferredNamespace } from './service-merge.js';
import { byServiceAge } from './services.js';
import { destinationPorts } from './virtual-service-destinations.js';
import { isVisibleTo } from './visibility.js';

const DEFAULT_LISTENER: EgressListener = { index: 0, bind: '', captureMode: 'DEFAULT' };
const EVERYTHING = ['*/*'];

/** The part of a scope that visibility depends on; parsed from and printed as a query key. */
interface View {
  readonly type: OutboundScope['type'];
  readonly namespace: string;
  readonly sidecar: string;
}
const viewKey = (scope: View): string => `${scope.type}|${scope.namespace}|${scope.sidecar}`;
function parseView(key: string): { view: View; rest: string } {
  const [type = '', namespace = '', sidecar = '', ...rest] = key.split('|');
  return { view: { type: type as OutboundScope['type'], namespace, sidecar }, rest: rest.join('|') };
}

interface ScopeListener {
  readonly hosts: readonly string[];
  readonly listener: EgressListener;
}
const EVERY_LISTENER: readonly ScopeListener[] = [{ hosts: EVERYTHING, listener: DEFAULT_LISTENER }];

function egressListeners({ spec }: Sidecar): readonly ScopeListener[] {
  const egress = spec.egress ?? [];
  if (egress.length === 0) return EVERY_LISTENER;
  return egress.map((entry, index) => ({
    hosts: entry.hosts ?? [],
    listener: {
      index,
      bind: entry.bind ?? '',
      captureMode: entry.captureMode ?? 'DEFAULT',
      ...(entry.port !== undefined && {
        port: { number: Number(entry.port.number ?? 0), protocol: entry.port.protocol ?? '', name: entry.port.name ?? '' },
      }),
    },
  }));
}

export function defineSidecarScopes(graph: Graph, mesh: Pick<Mesh, 'rows' | 'config' | 'services' | 'virtualServices'>): SidecarScopes {
  const sidecars = mesh.rows.of('Sidecar');
  const sidecarOf = (view: View): Sidecar | undefined => (view.sidecar === '' ? undefined : sidecars.get(view.sidecar));
  // Each egress listener asks for all of them.
  const listenersByRow = new WeakMap<Sidecar, readonly ScopeListener[]>();
  const listenersOf = (view: View): readonly ScopeListener[] => {
    const row = sidecarOf(view);
    if (row === undefined) return EVERY_LISTENER;
    const known = listenersByRow.get(row) ?? egressListeners(row);
    listenersByRow.set(row, known);
    return known;
  };
  /** True when the view is the plain "all that is exported to me": then chunks need no Sidecar. */
  const seesEverything = (view: View): boolean => {
    const listeners = listenersOf(view);
    return (
      listeners.length === 1 && listeners[0]?.listener.port === undefined && parseEgressHosts(listeners[0]?.hosts ?? [], view.namespace).everything
    );
  };

  const visible = (view: View, service: Service): boolean => isVisibleTo(service.visibility, view.namespace);
  /** All visible services of a hostname in the namespace that it means for the view. */
  const named = (view: View, hostname: string): readonly Service[] => {
    const candidates = exportedFirst(mesh.services.byHostname(hostname).filter((service) => visible(view, service)));
    const namespace = preferredNamespace(view, candidates);
    return candidates.filter((service) => service.namespace === namespace);
  };

  /** Key: `type|namespace||service namespace`. Services there that the namespace sees, several per hostname when there are several addresses. */
  const exportedIn = graph.query(
    'servicesExportedIn',
    (key: string): readonly Service[] => {
      const { view, rest: namespace } = parseView(key);
      return mesh.services.inNamespace(namespace).filter((service) => {
        if (!visible(view, service)) return false;
        const sharers = mesh.services.byHostname(service.hostname);
        return sharers.length === 1 || named(view, service.hostname).includes(service);
      });
    },
    { equals: sameElements },
  );
  const plain = (view: View): string => viewKey({ ...view, sidecar: '' });
  const exported = graph.query(
    'servicesExported',
    (key: string): readonly Service[] => {
      const { view } = parseView(key);
      const all = mesh.services.namespaces().flatMap((namespace) => exportedIn.get(`${viewKey(view)}|${namespace}`));
      return exportedFirst(all.sort(byServiceAge));
    },
    { equals: sameElements },
  );

  /** Key: view and listener index. */
  const servicesOfListener = graph.query(
    'egressServices',
    (key: string): readonly Service[] => {
      const { view, rest } = parseView(key);
      const entry = listenersOf(view)[Number(rest)];
      if (entry === undefined) return [];
      const { hosts, listener } = entry;
      const egress = parseEgressHosts(hosts, view.namespace);
      const port =
        listener.port !== undefined && listener.port.number !== 0 && parseProtocol(listener.port.protocol) !== 'HTTP_PROXY'
          ? listener.port.number
          : undefined;
      if (egress.everything && port === undefined) return exported.get(plain(view));
      const candidates = exportedFirst(
        mesh.services
          .namespaces()
          .flatMap((namespace) => mesh.services.inNamespace(namespace))
          .filter((service) => visible(view, service) && egress.importsService(service.namespace, service.hostname))
          .sort(byServiceAge),
      );
      const imported = candidates.flatMap((service) => (port === undefined ? service : (onlyPort(service, port) ?? [])));
      const byHost = Map.groupBy(imported, (service) => service.hostname);
      return imported
        .filter((service) => preferredNamespace(view, byHost.get(service.hostname) as Service[]) === service.namespace)
        .map((service) => trimAliases(service, egress.importsService));
    },
    { equals: sameElements },
  );
  const virtualServicesOfListener = graph.query(
    'egressVirtualServices',
    (key: string): readonly VirtualService[] => {
      const { view, rest } = parseView(key);
      const entry = listenersOf(view)[Number(rest)];
      if (entry === undefined) return [];
      const bound = mesh.virtualServices.bound(view.namespace, 'mesh');
      const egress = parseEgressHosts(entry.hosts, view.namespace);
      return egress.everything ? bound : bound.filter((row) => egress.importsVirtualService(row.metadata.namespace, row.spec.hosts ?? []));
    },
    { equals: sameElements },
  );

  /** Services that a listener's VirtualServices send traffic to, found beyond what its hosts import. */
  const broughtIn = (view: View, listener: EgressListener): Service[] =>
    virtualServicesOfListener.get(`${viewKey(view)}|${listener.index}`).flatMap((row) =>
      [...destinationPorts(row.spec, view.namespace)].flatMap(([host, ports]) => {
        const all = mesh.services.byHostname(host).filter((service) => service.resolution !== 'Alias');
        const own = all.filter((service) => service.namespace === view.namespace);
        const service = own[0] ?? all.find((candidate) => isVisibleTo(candidate.visibility, view.namespace));
        if (service === undefined) return [];
        if (listener.port !== undefined && listener.port.number !== 0) return onlyPort(service, listener.port.number) ?? [];
        if (ports.has(0)) return [service];
        const kept = service.ports.filter((port) => ports.has(port.port));
        return kept.length === 0 ? [] : [kept.length === service.ports.length ? service : { ...service, ports: kept }];
      }),
    );

  /** Key: view. Services of the own namespace that are exported elsewhere or nowhere, as far as VirtualServices send traffic to them. */
  const keptFromOwn = graph.query(
    'servicesKeptFromOwn',
    (key: string): readonly Service[] => {
      const { view } = parseView(key);
      const hidden = mesh.services.inNamespace(view.namespace).filter((service) => service.resolution !== 'Alias' && !visible(view, service));
      if (view.type === 'router' || hidden.length === 0) return [];
      const hosts = new Set(hidden.map(({ hostname }) => hostname));
      return broughtIn(view, DEFAULT_LISTENER).filter(({ hostname, namespace }) => namespace === view.namespace && hosts.has(hostname));
    },
    { equals: sameElements },
  );

  /** Key: view. One service per hostname over all listeners, for views with a Sidecar. */
  const importedServices = graph.query(
    'importedServices',
    (key: string): readonly Service[] => {
      const { view } = parseView(key);
      return mergeByHostname(
        listenersOf(view).flatMap(({ listener }) => [...servicesOfListener.get(`${viewKey(view)}|${listener.index}`), ...broughtIn(view, listener)]),
      );
    },
    { equals: sameElements },
  );

  /** Key: view and service namespace. */
  const servicesIn = graph.query(
    'visibleServicesIn',
    (key: string): readonly Service[] => {
      const { view, rest: namespace } = parseView(key);
      if (seesEverything(view)) {
        const services = exportedIn.get(`${plain(view)}|${namespace}`);
        return mergeByHostname(namespace === view.namespace ? [...services, ...keptFromOwn.get(viewKey(view))] : services);
      }
      return importedServices.get(viewKey(view)).filter((service) => service.namespace === namespace);
    },
    { equals: sameElements },
  );
  const namespacesOf = graph.query(
    'visibleNamespaces',
    (key: string): readonly string[] => {
      const { view } = parseView(key);
      if (seesEverything(view)) return mesh.services.namespaces();
      return [...new Set(importedServices.get(viewKey(view)).map((service) => service.namespace))].sort();
    },
    { equals: sameElements },
  );
  /** Key: view and hostname. */
  const serviceNamed = graph.query('visibleService', (key: string): Service | undefined => {
    const { view, rest: hostname } = parseView(key);
    const found = seesEverything(view)
      ? (mergeByHostname(named(view, hostname))[0] ?? keptFromOwn.get(viewKey(view)).find((service) => service.hostname === hostname))
      : importedServices.get(viewKey(view)).find((service) => service.hostname === hostname);
    return (
      found ?? mesh.services.byHostname(hostname).find((service) => service.resolution === 'Alias' && isVisibleTo(service.visibility, view.namespace))
    );
  });
  const listeners = graph.query(
    'egressListeners',
    (key: string): readonly EgressListener[] => listenersOf(parseView(key).view).map(({ listener }) => listener),
    { equals: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );

  return {
    sidecar: (scope) => sidecarOf(scope),
    spec: (scope) => sidecarOf(scope)?.spec,
    outboundTrafficPolicy(scope) {
      const own = sidecarOf(scope)?.spec.outboundTrafficPolicy;
      if (own !== undefined) return (own.mode ?? 'REGISTRY_ONLY') === 'REGISTRY_ONLY' ? 'REGISTRY_ONLY' : 'ALLOW_ANY';
      const { mode } = mesh.config().outboundTrafficPolicy;
      // Gateways do not resolve names by themselves.
      if (mode === 'ALLOW_ANY_DYNAMIC_DNS') return scope.type === 'sidecar' ? mode : 'ALLOW_ANY';
      return mode === 'REGISTRY_ONLY' ? mode : 'ALLOW_ANY';
    },
    egressListeners: (scope) => listeners.get(viewKey(scope)),
    namespaces: (scope) => namespacesOf.get(viewKey(scope)),
    servicesIn: (scope, namespace) => servicesIn.get(`${viewKey(scope)}|${namespace}`),
    servicesOf: (scope, listener) => servicesOfListener.get(`${viewKey(scope)}|${listener}`),
    service: (scope, hostname) => serviceNamed.get(`${viewKey(scope)}|${hostname}`),
    virtualServicesOf: (scope, listener) => virtualServicesOfListener.get(`${viewKey(scope)}|${listener}`),
  };
}

/** ExternalName aliases are imported by their own names. */
function trimAliases(service: Service, imports: (namespace: string, hostname: string) => boolean): Service {
  const aliases = service.aliases.filter((alias) => imports(service.namespace, alias.hostname));
  return aliases.length === service.aliases.length ? service : { ...service, aliases };
}
