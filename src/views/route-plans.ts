/**
 * Plans of route configurations: names and domains of virtual hosts and where their routes come from. They follow services, hosts and bindings
 * of VirtualServices, but not the routes themselves.
 */
import { isDeepStrictEqual } from 'node:util';
import type { VirtualService } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import type { Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { encodeHead } from '../translate/route/encode-routes.js';
import { type BoundServer, type GatewayRoutesFrom, gatewayHosts } from '../translate/route/gateway-hosts.js';
import { type HostBinding, type RoutesFrom, sidecarHosts } from '../translate/route/sidecar-hosts.js';
import { serversOfRoute } from './gateway-places.js';
import { type RouteSources, type RoutesKey, semanticsOf } from './route-sources.js';

/** One virtual host, ready but for its routes. */
export interface PlannedVirtualHost {
  readonly name: string;
  /** Encoded name and domains. */
  readonly head: Uint8Array;
  readonly routes: readonly RoutesKey[];
  readonly requireTls: boolean;
  /** The virtual host of a gateway without hosts. */
  readonly isPlaceholder: boolean;
}

export interface RoutePlan {
  readonly hosts: readonly PlannedVirtualHost[];
  /** Index of the virtual host that has a domain. */
  readonly byDomain: ReadonlyMap<string, number>;
  /** Everything in one text: equal plans have equal texts. */
  readonly text: string;
}

export interface RoutePlans {
  /** Hosts of the VirtualServices behind an egress listener, in their order. */
  bindings(scope: string, egressListener: number): readonly HostBinding[];
  /** Virtual hosts behind an egress listener of a sidecar. Port 0 means all ports. */
  sidecar(scope: string, egressListener: number, port: number): RoutePlan;
  /** Virtual hosts of a gateway's route configuration; undefined when no server has that name. */
  gateway(scope: string, routeName: string): RoutePlan | undefined;
}

export function defineRoutePlans(mesh: Mesh, sources: RouteSources): RoutePlans {
  const { graph } = mesh;

  /** Key: `scope|egress listener`. */
  const sidecarBindings = graph.query(
    'routeBindings',
    (key: string): readonly HostBinding[] => {
      const [scope = '', listener = ''] = key.split('|');
      return mesh.sidecarScopes.virtualServicesOf(scopeOf<OutboundScope>(scope), Number(listener)).map(bindingOf);
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: `scope|egress listener|port`. */
  const sidecar = graph.query(
    'routePlan',
    (key: string): RoutePlan => {
      const [id = '', listener = '', portText = ''] = key.split('|');
      const scope = scopeOf<OutboundScope>(id);
      const port = Number(portText);
      const at = (virtualService: string) => ({ scope: id, gateway: 'mesh', port, isTls: false, virtualService });
      const routesOf = (from: RoutesFrom): RoutesKey =>
        'service' in from ? sources.ofService(id, from.service, from.port) : sources.ofVirtualService(at(from.virtualService));
      const hosts = sidecarHosts({
        scope,
        listenPort: port,
        services: mesh.sidecarScopes.servicesOf(scope, Number(listener)),
        virtualServices: sidecarBindings.get(`${id}|${listener}`),
        hasRoutes: (virtualService) => sources.hasRoutes(at(virtualService)),
      });
      return planOf(hosts.map(({ name, domains, from }) => ({ name, domains, routes: [routesOf(from)], requireTls: false, isPlaceholder: false })));
    },
    { equals: (a, b) => a.text === b.text },
  );

  /** Key: `namespace|gateway`. */
  const gatewayBindings = graph.query(
    'gatewayRouteBindings',
    (key: string): readonly HostBinding[] => {
      const [namespace = '', gateway = ''] = key.split('|');
      return mesh.virtualServices.bound(namespace, gateway).map(bindingOf);
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: `scope|route name`. */
  const gateway = graph.query(
    'gatewayRoutePlan',
    (key: string): RoutePlan | undefined => {
      const bar = key.indexOf('|');
      const id = key.slice(0, bar);
      const name = key.slice(bar + 1);
      const scope = scopeOf<OutboundScope>(id);
      const servers = serversOfRoute(mesh.gateways.listeners(scope), name).map(({ gateway: row, server, quicPort }): BoundServer => {
        const gatewayKey = keyOf(row);
        const virtualServices = gatewayBindings.get(`${scope.namespace}|${gatewayKey}`);
        return {
          gateway: gatewayKey,
          gatewayNamespace: row.metadata.namespace,
          server,
          ...(quicPort !== undefined && { http3: true as const }),
          virtualServices,
        };
      });
      if (servers.length === 0) return undefined;
      const at = (from: GatewayRoutesFrom) => ({ ...from, scope: id });
      const hosts = gatewayHosts(servers, (from) => sources.hasRoutes(at(from)));
      return planOf(hosts.map(({ from, ...host }) => ({ ...host, routes: from.map((each) => sources.ofVirtualService(at(each))) })));
    },
    { equals: (a, b) => a?.text === b?.text },
  );

  return {
    bindings: (scope, egressListener) => sidecarBindings.get(`${scope}|${egressListener}`),
    sidecar: (scope, egressListener, port) => sidecar.get(`${scope}|${egressListener}|${port}`),
    gateway: (scope, routeName) => gateway.get(`${scope}|${routeName}`),
  };
}

const bindingOf = (row: VirtualService): HostBinding => ({
  key: keyOf(row),
  hosts: row.spec.hosts ?? [],
  isGatewayApi: semanticsOf(row) === 'gateway-api',
  ...(semanticsOf(row) === 'ingress' && { isIngress: true }),
});

interface Draft extends Omit<PlannedVirtualHost, 'head'> {
  readonly domains: readonly string[];
}

function planOf(drafts: readonly Draft[]): RoutePlan {
  const byDomain = new Map<string, number>();
  const texts: string[] = [];
  const hosts = drafts.map(({ domains, ...host }, i) => {
    for (const domain of domains) byDomain.set(domain, i);
    texts.push(`${host.name} ${domains.join(' ')} ${host.routes.join(' ')} ${host.requireTls} ${host.isPlaceholder}`);
    return { ...host, head: encodeHead(host.name, domains) };
  });
  return { hosts, byDomain, text: texts.join('\n') };
}
