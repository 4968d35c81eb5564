/**
 * Listeners of gateways, one resource per address and port of the merged Gateways. Proxies with equal scopes and settings share them. A plain
 * HTTP listener depends on Gateways alone; byte streams also on the VirtualServices bound to theirs.
 */
import { isDeepStrictEqual } from 'node:util';
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { VirtualService } from '../api/istio.js';
import type { GatewayTopology, TLSConfig } from '../api/mesh-config.js';
import { sameElements } from '../graph/equality.js';
import { type Backend, defineBackends, providerSettings } from '../model/extension-providers.js';
import type { GatewayListener } from '../model/gateway-merge.js';
import type { GatewayServer, Mesh } from '../model/mesh.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import type { Service } from '../model/service.js';
import { byServiceAge } from '../model/services.js';
import { translateGatewayListener } from '../translate/gateway/listener.js';
import { translateQuicListener } from '../translate/gateway/quic-listener.js';
import { effectiveProxyConfig } from '../translate/listener/settings.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import { serversAt } from './gateway-places.js';
import type { InternedSettings } from './listener-settings.js';
import type { SecurityFilterViews } from './security-filters.js';

export interface GatewayListenerViews {
  chunk(scope: OutboundScope, settings: InternedSettings): readonly EncodedResource[];
}

/** Of the mesh's settings what only gateways show. */
interface EdgeSettings {
  readonly topology: GatewayTopology;
  readonly tlsDefaults?: TLSConfig;
  readonly sdsProvider?: Backend;
}

/** Ports below this cannot be bound without privileges. */
const FIRST_UNPRIVILEGED = 1024;

export function defineGatewayListenerViews(mesh: Mesh, security: SecurityFilterViews): GatewayListenerViews {
  const { graph } = mesh;
  const backend = defineBackends(graph, mesh, 'sdsProviderBackend');

  /** Key: the proxy's own ProxyConfig. */
  const edgeSettings = graph.query(
    'gatewayEdgeSettings',
    (proxyConfig: string): EdgeSettings => {
      const config = mesh.config();
      const { tlsDefaults, extensionProviders } = config;
      const [sds] = extensionProviders.flatMap((provider) => providerSettings<{ service?: string; port?: number }>(provider, 'sds') ?? []);
      const sdsProvider = sds && backend(sds.service ?? '', sds.port ?? 0);
      return {
        topology: effectiveProxyConfig(config, proxyConfig).gatewayTopology ?? {},
        ...(tlsDefaults === undefined ? {} : { tlsDefaults }),
        ...(sdsProvider && { sdsProvider }),
      };
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: `namespace|gateway`. Most VirtualServices are HTTP only: their changes end here. */
  const streamVirtualServices = graph.query(
    'gatewayStreamVirtualServices',
    (key: string): readonly VirtualService[] => {
      const [namespace = '', gateway = ''] = key.split('|');
      return mesh.virtualServices.bound(namespace, gateway).filter(({ spec }) => (spec.tcp?.length ?? 0) > 0 || (spec.tls?.length ?? 0) > 0);
    },
    { equals: sameElements },
  );

  const visibleServices = (scope: OutboundScope): readonly Service[] =>
    mesh.sidecarScopes
      .namespaces(scope)
      .flatMap((namespace) => mesh.sidecarScopes.servicesIn(scope, namespace))
      .sort(byServiceAge);

  /** Key: scope and port and address. Changes of other ports' servers end here. */
  const servers = graph.query(
    'gatewayServersAt',
    (key: string): readonly GatewayServer[] => {
      const { id, port, bind, isQuic } = parse(key);
      return serversAt(mesh.gateways.listeners(scopeOf<OutboundScope>(id)), bind, port, isQuic);
    },
    { equals: isDeepStrictEqual },
  );

  /** Key: scope, settings, port and address. */
  const listener = graph.query(
    'gatewayListener',
    (key: string): EncodedResource | undefined => {
      const at = key.indexOf('~');
      const settings = scopeOf<InternedSettings>(key.slice(0, at));
      const place = key.slice(at + 1);
      const { id, port, bind, isQuic } = parse(place);
      const scope = scopeOf<OutboundScope>(id);
      const { topology, tlsDefaults, sdsProvider } = edgeSettings.get(scope.proxyConfig);
      const translated = (isQuic ? translateQuicListener : translateGatewayListener)(
        { bind, port, ipMode: scope.ipMode, servers: servers.get(place), ...(settings.exactBalance && { exactBalance: true }) },
        {
          certificates: scope.certificates,
          topology,
          tlsDefaults,
          ...(sdsProvider && { sdsProvider }),
          security: security.of(scope, 'gateway'),
          http: settings.http,
          tcp: settings.tcp,
          outboundStatName: settings.outboundStatName,
          virtualServices: (gateway) => streamVirtualServices.get(`${scope.namespace}|${gateway}`),
          service: (hostname) => mesh.sidecarScopes.service(scope, hostname),
          rule: (service) => mesh.destinationRules.select(scope, service)?.spec,
          services: () => visibleServices(scope),
        },
      );
      return translated === undefined ? undefined : encodeResource(Listener, translated.name ?? '', translated);
    },
    { equals: sameResource },
  );

  /** Key: settings and scope. */
  const listeners = graph.query(
    'gatewayListeners',
    (key: string): readonly EncodedResource[] => {
      const id = key.slice(key.indexOf('~') + 1);
      const scope = scopeOf<OutboundScope>(id);
      return (
        // Servers of several ports may end at one UDP port.
        [
          ...new Set(
            mesh.gateways
              .listeners(scope)
              .flatMap(placesOf)
              .filter(({ port }) => !(scope.unprivilegedPod && port < FIRST_UNPRIVILEGED))
              .map(({ port, bind, isQuic }) => `${key}~${isQuic ? QUIC : ''}${port}~${bind}`),
          ),
        ].flatMap((place) => listener.get(place) ?? [])
      );
    },
    { equals: sameElements },
  );

  return { chunk: (scope, settings) => listeners.get(`${settings.id}~${scope.id}`) };
}

interface Place {
  readonly port: number;
  readonly bind: string;
  readonly isQuic: boolean;
}

/** A listener, and those of its servers over QUIC. */
function placesOf({ port, bind, servers }: GatewayListener): readonly Place[] {
  const udp = servers.flatMap(({ quicPort }) => (quicPort === undefined ? [] : [{ port: quicPort, bind, isQuic: true }]));
  return [{ port, bind, isQuic: false }, ...udp];
}

const QUIC = 'udp:';

/** `scope~port~address`, `scope~udp:port~address`; addresses may hold anything. */
function parse(key: string): Place & { readonly id: string } {
  const [id = '', port = '', ...bind] = key.split('~');
  const isQuic = port.startsWith(QUIC);
  return { id, port: Number(isQuic ? port.slice(QUIC.length) : port), bind: bind.join('~'), isQuic };
}
