/**
 * The virtual host of a gRPC client's route configuration (XD-025): clients fetch one configuration per target, named like the target's
 * cluster, so it holds that service and no other.
 */
import type { Mesh } from '../model/mesh.js';
import { parseOutboundName } from '../model/names.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import { domainsWithPort } from '../translate/grpc/names.js';
import { authority } from '../translate/route/default-route.js';
import { serviceDomains } from '../translate/route/domains.js';
import { encodeHead } from '../translate/route/encode-routes.js';
import { type RoutesFrom, sidecarHosts } from '../translate/route/sidecar-hosts.js';
import type { PlannedVirtualHost, RoutePlans } from './route-plans.js';
import type { RouteSources, RoutesKey } from './route-sources.js';

/** Finds the virtual host for a scope and a route name such as `outbound|80||web.shop.svc.cluster.local`; undefined for no service port. */
export function defineGrpcHosts(
  mesh: Mesh,
  plans: RoutePlans,
  sources: RouteSources,
): (scope: string, routeName: string) => PlannedVirtualHost | undefined {
  return (id, routeName) => {
    const target = parseOutboundName(routeName);
    if (target === undefined) return undefined;
    const { hostname, port } = target;
    const scope = scopeOf<OutboundScope>(id);
    const service = mesh.sidecarScopes.service(scope, hostname);
    const egress = mesh.sidecarScopes.egressListeners(scope).find((listener) => !listener.port || listener.port.number === port);
    if (service === undefined || egress === undefined || !service.ports.some((each) => each.port === port && each.protocol !== 'UDP')) {
      return undefined;
    }
    const at = (virtualService: string) => ({ scope: id, gateway: 'mesh', port, isTls: false, virtualService });
    const routesOf = (from: RoutesFrom): RoutesKey =>
      'service' in from ? sources.ofService(id, from.service, from.port) : sources.ofVirtualService(at(from.virtualService));
    const planned = sidecarHosts({
      scope,
      listenPort: port,
      services: [service],
      virtualServices: plans.bindings(id, egress.index),
      hasRoutes: (virtualService) => sources.hasRoutes(at(virtualService)),
    });
    // A port whose protocol nobody named has no HTTP for Envoy; who dials it with gRPC knows better.
    const { name, domains, from } = planned.find((host) => host.domains.includes(hostname.toLowerCase())) ?? {
      name: authority(hostname, port),
      domains: serviceDomains(service, scope).all,
      from: { service, port },
    };
    return { name, head: encodeHead(name, domainsWithPort(domains, port)), routes: [routesOf(from)], requireTls: false, isPlaceholder: false };
  };
}
