/**
 * Encoded routes by where they come from: a VirtualService at one listener, or a service port that none routes. Each is encoded once and
 * shared by all virtual hosts that have it; equal bytes stop a change here.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ConsistentHashLB, Destination, HTTPRetry, VirtualService } from '../api/istio.js';
import type { Mesh } from '../model/mesh.js';
import { type PersistentSession, persistentSession } from '../model/persistent-session.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import type { Service } from '../model/service.js';
import { isVisibleTo } from '../model/visibility.js';
import { grpcRoutes } from '../translate/grpc/routes.js';
import { effectiveProxyConfig } from '../translate/listener/settings.js';
import { defaultRoute } from '../translate/route/default-route.js';
import { type DestinationService, destinationCluster } from '../translate/route/destination.js';
import { type EncodedRoutes, encodeRoutes, isEmpty, NO_ROUTES, sameRoutes } from '../translate/route/encode-routes.js';
import { hashOfDestination, hashOfPort } from '../translate/route/hash-policy.js';
import { httpRoutes } from '../translate/route/http-route.js';
import type { RouteContext, RouteDraft, RouteSemantics } from '../translate/route/route-block.js';
import { applySession } from '../translate/route/stateful-session.js';

/** One VirtualService at one listener of one kind of proxy. */
export interface ListenerRoutes {
  readonly scope: string;
  /** 'mesh' or `namespace/name`. */
  readonly gateway: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The gateway's server can be had over HTTP/3 too (GW-027). */
  readonly http3?: true;
  /** Key of the VirtualService. */
  readonly virtualService: string;
}

/** Of the mesh's and the proxy's settings what routes show. */
export interface RouteSettings {
  readonly includeRequestAttemptCount: boolean;
  readonly appendXForwardedHost: boolean;
  readonly defaultRetries: HTTPRetry | undefined;
}

/** Names a source of routes; made once per planned virtual host, because the same ones are asked for after every change. */
export type RoutesKey = string & { readonly source: 'virtual service' | 'service' };

export interface RouteSources {
  settings(scope: string): RouteSettings;
  ofVirtualService(at: ListenerRoutes): RoutesKey;
  ofService(scope: string, service: Service, port: number): RoutesKey;
  /** Routes of a VirtualService (empty when none of its routes holds there), or the one route of a service port. */
  routes(key: RoutesKey): EncodedRoutes;
  /** Whether a VirtualService has any: changes seldom, so that plans of virtual hosts need not follow every edit. */
  hasRoutes(at: ListenerRoutes): boolean;
}

export function defineRouteSources(mesh: Mesh): RouteSources {
  const { graph } = mesh;

  const settings = graph.query(
    'routeSettings',
    (scope: string): RouteSettings => {
      const config = mesh.config();
      const headers = effectiveProxyConfig(config, scopeOf<OutboundScope>(scope).proxyConfig).proxyHeaders;
      return {
        includeRequestAttemptCount: headers?.attemptCount?.disabled !== true,
        appendXForwardedHost: headers?.xForwardedHost?.enabled === true,
        defaultRetries: config.defaultHttpRetryPolicy,
      };
    },
    { equals: isDeepStrictEqual },
  );

  const hashFor = (scope: OutboundScope, destination: Destination): ConsistentHashLB | undefined => {
    const service = mesh.sidecarScopes.service(scope, destination.host ?? '');
    const rule = service === undefined ? undefined : mesh.destinationRules.select(scope, service);
    return rule === undefined ? undefined : hashOfDestination(rule.spec, destination);
  };

  /** Libraries without an Envoy have no such filter. */
  const sessionOf = ({ generator }: OutboundScope, service: Service | undefined): PersistentSession | undefined =>
    mesh.persistentSessions && generator === undefined && service !== undefined ? persistentSession(service.labels) : undefined;

  /** Key: 'v' and {@link ListenerRoutes} joined by '|'. */
  const virtualServiceRoutes = graph.query(
    'virtualServiceRoutes',
    (key: string): EncodedRoutes => {
      const at = parse(key);
      const row = mesh.virtualServices.get(at.virtualService);
      if (row === undefined) return NO_ROUTES;
      const scope = scopeOf<OutboundScope>(at.scope);
      const lookup = (hostname: string): DestinationService | undefined =>
        at.gateway === 'mesh'
          ? sidecarDestination(mesh, scope, at.port, hostname)
          : gatewayDestination(mesh, scope, row.metadata.namespace, hostname);
      const { appendXForwardedHost, defaultRetries } = settings.get(at.scope);
      const context: RouteContext = {
        owner: { name: row.metadata.name, namespace: row.metadata.namespace, semantics: semanticsOf(row) },
        listenPort: at.port,
        gateway: at.gateway,
        proxyNamespace: scope.namespace,
        proxyLabels: scope.labels,
        isTls: at.isTls,
        ...(at.http3 && { http3: at.http3 }),
        appendXForwardedHost,
        defaultRetries,
        clusterOf: (destination) => destinationCluster(destination, at.port, lookup),
        hashOf: (destination) => hashFor(scope, destination),
        sessionOf: (destination) => sessionOf(scope, mesh.sidecarScopes.service(scope, destination.host ?? '')),
      };
      return encodeRoutes(forClient(scope.generator, httpRoutes(row.spec.http ?? [], context)));
    },
    { equals: sameRoutes },
  );
  const someRoutes = graph.query('virtualServiceHasRoutes', (key: string): boolean => !isEmpty(virtualServiceRoutes.get(key)));

  /** Key: `generator|port|hostname|hash and session as JSON`. */
  const portRoutes = graph.query(
    'servicePortRoutes',
    (key: string): EncodedRoutes => {
      const [generator = '', port = '', hostname = '', ...more] = key.split('|');
      const { hash, session } = JSON.parse(more.join('|')) as { hash?: ConsistentHashLB; session?: PersistentSession };
      const route = defaultRoute(hostname, Number(port), hash, defaultRetries.get(''));
      applySession(route, session);
      return encodeRoutes(forClient(generator, [route]));
    },
    { equals: sameRoutes },
  );
  const defaultRetries = graph.query('defaultRetries', (): HTTPRetry | undefined => mesh.config().defaultHttpRetryPolicy, {
    equals: isDeepStrictEqual,
  });

  /** Key: 's' and `scope|port|hostname|service key`. The hostname is the listener's, in lower case. */
  const serviceRoutes = graph.query('serviceRoutes', (key: string): EncodedRoutes => {
    const [scope = '', port = '', hostname = '', ...serviceKey] = key.slice(1).split('|');
    const service = mesh.services.get(serviceKey.join('|'));
    const rule = service === undefined ? undefined : mesh.destinationRules.select(scopeOf<OutboundScope>(scope), service);
    const hash = rule === undefined ? undefined : hashOfPort(rule.spec, Number(port));
    const session = sessionOf(scopeOf<OutboundScope>(scope), service);
    const { generator = '' } = scopeOf<OutboundScope>(scope);
    return portRoutes.get(`${generator}|${port}|${hostname}|${JSON.stringify({ hash, session })}`);
  });

  return {
    settings: (scope) => settings.get(scope),
    ofVirtualService: (at) => `v${print(at)}` as RoutesKey,
    ofService: (scope, service, port) => `s${scope}|${port}|${service.hostname}|${service.key}` as RoutesKey,
    routes: (key) => (key.startsWith('v') ? virtualServiceRoutes : serviceRoutes).get(key),
    hasRoutes: (at) => someRoutes.get(`v${print(at)}`),
  };
}

const forClient = (generator: string | undefined, routes: readonly RouteDraft[]): readonly RouteDraft[] =>
  generator === 'grpc' ? grpcRoutes(routes) : routes;

const print = (at: ListenerRoutes): string => `${at.scope}|${at.gateway}|${at.port}|${at.http3 ? 'h3' : at.isTls ? 'tls' : ''}|${at.virtualService}`;

function parse(key: string): ListenerRoutes {
  const [scope = '', gateway = '', port = '', tls = '', virtualService = ''] = key.slice(1).split('|');
  return { scope, gateway, port: Number(port), isTls: tls !== '', ...(tls === 'h3' && { http3: true as const }), virtualService };
}

/** A sidecar knows only services on the listener's port; behind http_proxy and sockets, all of them. */
function sidecarDestination(mesh: Mesh, scope: OutboundScope, port: number, hostname: string): DestinationService | undefined {
  const service = mesh.sidecarScopes.service(scope, hostname);
  if (service === undefined || port === 0) return service;
  const ports = service.ports.filter((candidate) => candidate.port === port && candidate.protocol !== 'UDP');
  return ports.length === 0 ? undefined : { ...service, ports };
}

/** A gateway takes the service from the VirtualService's own namespace before others of that name. */
function gatewayDestination(mesh: Mesh, scope: OutboundScope, namespace: string, hostname: string): DestinationService | undefined {
  const own = mesh.services
    .byHostname(hostname)
    .find((service) => service.namespace === namespace && isVisibleTo(service.visibility, scope.namespace));
  return own ?? mesh.sidecarScopes.service(scope, hostname);
}

/** VirtualServices made from other APIs say so in an annotation. */
export function semanticsOf(row: VirtualService): RouteSemantics {
  const semantics = row.metadata.annotations['internal.istio.io/route-semantics'];
  return semantics === 'gateway' ? 'gateway-api' : semantics === 'ingress' ? 'ingress' : 'istio';
}
