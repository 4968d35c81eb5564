/**
 * Outbound listeners of sidecars. A scope's slots are grouped by the namespace of their service, one chunk each; slots on the wildcard
 * address, which services of all namespaces share, are a chunk of their own. A listener is encoded once per distinct plan, whatever
 * scopes it is for: the plan's JSON is the key. A change of one service therefore re-encodes only what its plan changes.
 */
import { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { DestinationRuleSpec, VirtualService } from '../api/istio.js';
import { sameElements } from '../graph/equality.js';
import type { Mesh } from '../model/mesh.js';
import { VIRTUAL_OUTBOUND } from '../model/names.js';
import { type OutboundScope, scopeOf } from '../model/scope.js';
import type { Port, Service } from '../model/service.js';
import { serviceAddresses } from '../model/service-addresses.js';
import { type DnsCache, unknownHostsDnsCache } from '../translate/cluster/dns-cache.js';
import { wildcard } from '../translate/listener/address.js';
import { httpProxyPlan, needsHttp, translateOutboundListener } from '../translate/listener/outbound.js';
import { type OutboundListenerPlan, planListener } from '../translate/listener/outbound-plan.js';
import { outboundSlots, type Slot, type SlotSettings } from '../translate/listener/outbound-slots.js';
import { tcpChains } from '../translate/listener/outbound-tcp.js';
import { effectiveProxyConfig } from '../translate/listener/settings.js';
import type { TcpProxyPlan } from '../translate/listener/tcp-proxy.js';
import { translateVirtualOutbound, unknownTraffic, type VirtualOutboundPlan } from '../translate/listener/virtual-outbound.js';
import { serviceDomains } from '../translate/route/domains.js';
import { type EncodedResource, encodeResource, sameResource } from './encode.js';
import {
  type InternedOutboundSettings,
  type InternedSettings,
  type InternedVirtualOutboundSettings,
  outboundSettings,
  virtualOutboundSettings,
} from './listener-settings.js';

/** Chunk of slots that belong to no namespace. */
const SHARED = '';

/** A slot as a query key: services by key, so that the query reads just the rows that the listener is made of. */
interface SlotKey extends Omit<Slot, 'offers'> {
  readonly scope: string;
  readonly settings: string;
  readonly offers: readonly {
    readonly service: string;
    readonly port: Slot['offers'][number]['port'];
    readonly destinations: readonly string[];
    readonly egress: number;
    /** Set where the scope sees less of the service than there is. */
    readonly trimmed?: Pick<Service, 'ports' | 'aliases'>;
  }[];
}

/**
 * A resource that is shared by plan. Not the resource itself: where a resource came from is asked of the last query that returns it, and
 * that must be one that reads rows.
 */
interface Boxed {
  readonly resource: EncodedResource;
}
const sameBoxed = (a: Boxed | undefined, b: Boxed | undefined): boolean => sameResource(a?.resource, b?.resource);

export interface OutboundListenerViews {
  /** Chunks of one scope. `self` is the proxy's own address: traffic to itself does not pass through an outbound listener. */
  chunks(scope: OutboundScope, settings: InternedSettings, self: string): readonly (readonly EncodedResource[])[];
}

/** Name under which a scope asks for the routes of a port. */
export type RoutesOfPort = (scope: OutboundScope, port: number) => string;

export function defineOutboundListenerViews(mesh: Mesh, routesOfPort: RoutesOfPort = (_, port) => String(port)): OutboundListenerViews {
  const { graph, sidecarScopes } = mesh;

  /** Key: service key and port name. Pods come and go without any effect unless the addresses change. */
  const headlessAddresses = graph.query(
    'headlessAddresses',
    (key: string): readonly string[] => {
      const at = key.lastIndexOf('#');
      return [...new Set(mesh.endpoints.of(key.slice(0, at), key.slice(at + 1)).map(({ address }) => address))].filter(isIp);
    },
    { equals: sameElements },
  );
  const headless = (service: Service, port: Port): readonly string[] => headlessAddresses.get(`${service.key}#${port.name}`);

  const slotSettings = (scope: OutboundScope): SlotSettings => {
    const { proxyListenPort, proxyInboundListenPort } = mesh.config();
    const { type, ipMode, interceptionMode, unprivilegedPod, dnsCapture, clusterId } = scope;
    return {
      type,
      ipMode,
      interceptionMode,
      unprivilegedPod,
      dnsCapture,
      clusterId,
      ownPorts: [proxyListenPort, proxyInboundListenPort],
    };
  };
  /** Key: scope. All slots by chunk, chunks in order. */
  const slots = graph.query('outboundSlots', (scopeId: string): ReadonlyMap<string, readonly Slot[]> => {
    const scope = scopeOf<OutboundScope>(scopeId);
    const egress = sidecarScopes.egressListeners(scope).map((listener) => ({ listener, services: sidecarScopes.servicesOf(scope, listener.index) }));
    const any = wildcard(scope.ipMode);
    const namespaceOf = (slot: Slot): string => (slot.binds[0] === any ? SHARED : (slot.offers[0]?.service.namespace ?? SHARED));
    const grouped = Map.groupBy(outboundSlots(egress, slotSettings(scope), headless), namespaceOf);
    return new Map(
      [...grouped].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => [name, group.sort((a, b) => (a.name < b.name ? -1 : 1))]),
    );
  });
  const slotNamespaces = graph.query('outboundSlotNamespaces', (scopeId: string): readonly string[] => [...slots.get(scopeId).keys()], {
    equals: sameElements,
  });
  /** Key: scope and chunk. Its equality keeps a chunk's listeners untouched by services of other chunks. */
  const slotsIn = graph.query(
    'outboundSlotsIn',
    (key: string): readonly Slot[] => {
      const at = key.indexOf('~');
      return slots.get(key.slice(0, at)).get(key.slice(at + 1)) ?? [];
    },
    { equals: (a, b) => a.length === b.length && a.every((slot, i) => sameSlot(slot, b[i] as Slot)) },
  );

  /** Key: scope and egress listener. Most VirtualServices are HTTP only: their changes end here. */
  const tcpVirtualServices = graph.query(
    'tcpVirtualServices',
    (key: string): readonly VirtualService[] => {
      const at = key.indexOf('~');
      const rows = sidecarScopes.virtualServicesOf(scopeOf<OutboundScope>(key.slice(0, at)), Number(key.slice(at + 1)));
      return rows.filter(({ spec }) => (spec.tcp?.length ?? 0) > 0 || (spec.tls?.length ?? 0) > 0);
    },
    { equals: sameElements },
  );

  const otherwise = (scope: OutboundScope): TcpProxyPlan =>
    unknownTraffic(sidecarScopes.outboundTrafficPolicy(scope), sidecarScopes.spec(scope)?.outboundTrafficPolicy?.egressProxy);

  /** Set where requests to hosts that no service has are resolved by the proxy. */
  const unknownHosts = (scope: OutboundScope): { readonly unknownHosts?: DnsCache } =>
    sidecarScopes.outboundTrafficPolicy(scope) === 'ALLOW_ANY_DYNAMIC_DNS' ? { unknownHosts: unknownHostsDnsCache(scope) } : {};

  /** What the routes to unknown hosts show of the proxy's settings: the same as in views/routes. */
  const catchAllSettings = (scope: OutboundScope) => {
    const headers = effectiveProxyConfig(mesh.config(), scope.proxyConfig).proxyHeaders;
    return {
      appendXForwardedHost: headers?.xForwardedHost?.enabled === true,
      includeRequestAttemptCount: headers?.attemptCount?.disabled !== true,
    };
  };

  const plan = (slot: Slot, scope: OutboundScope, settings: InternedSettings): OutboundListenerPlan => {
    const addressing = slotSettings(scope);
    const any = wildcard(scope.ipMode);
    const context = {
      namespace: scope.namespace,
      labels: scope.labels,
      wildcard: any,
      ipMode: scope.ipMode,
      outboundStatName: settings.outboundStatName,
      virtualServices: (egress: number) => tcpVirtualServices.get(`${scope.id}~${egress}`),
      service: (hostname: string) => sidecarScopes.service(scope, hostname),
      rule: (service: Service): DestinationRuleSpec | undefined => mesh.destinationRules.select(scope, service)?.spec,
      address: (service: Service): string => {
        const address = serviceAddresses(service, addressing)[0] ?? '';
        if (address.includes('/')) return '';
        return service.registry === 'External' && address === '0.0.0.0' ? any : address;
      },
      aliases: (service: Service): readonly string[] =>
        service.aliases.flatMap(({ hostname }) => serviceDomains({ ...service, hostname, aliases: [], addresses: [], resolution: 'EDS' }, scope).all),
    };
    return planListener(slot, {
      wildcard: any,
      otherwise: otherwise(scope),
      ipMode: scope.ipMode,
      ...unknownHosts(scope),
      tcpChains: (offer, bind) => tcpChains(offer, bind, context),
      routesOfPort: (port) => routesOfPort(scope, port),
    });
  };

  /** Key: settings and plan. Shared by all scopes that come to the same plan, and boxed: the row-reading query that asked is its maker. */
  const encoded = graph.query(
    'outboundListener',
    (key: string): Boxed => {
      const at = key.indexOf('~');
      const wanted = JSON.parse(key.slice(at + 1)) as OutboundListenerPlan;
      return {
        resource: encodeResource(Listener, wanted.name, translateOutboundListener(wanted, scopeOf<InternedOutboundSettings>(key.slice(0, at)))),
      };
    },
    { equals: sameBoxed },
  );
  const encode = (wanted: OutboundListenerPlan, settings: InternedSettings): EncodedResource =>
    encoded.get(`${outboundSettings(settings, needsHttp(wanted)).id}~${JSON.stringify(wanted)}`).resource;

  /** Key: a {@link SlotKey}. */
  const listener = graph.query(
    'outboundListenerOf',
    (key: string): EncodedResource | undefined => {
      const { scope, settings, offers, ...slot } = JSON.parse(key) as SlotKey;
      const found = offers.flatMap(({ service: serviceKey, trimmed, ...offer }) => {
        const service = mesh.services.get(serviceKey);
        return service === undefined ? [] : [{ ...offer, service: { ...service, ...trimmed } }];
      });
      const interned = scopeOf<InternedSettings>(settings);
      return found.length === 0 ? undefined : encode(plan({ ...slot, offers: found }, scopeOf<OutboundScope>(scope), interned), interned);
    },
    { equals: sameResource },
  );
  const slotKey = ({ offers, ...slot }: Slot, scope: string, settings: string): SlotKey => ({
    ...slot,
    scope,
    settings,
    offers: offers.map(({ service, port: { name, port, protocol }, destinations, egress }) => {
      const trimmed = mesh.services.get(service.key) === service ? {} : { trimmed: { ports: service.ports, aliases: service.aliases } };
      return { service: service.key, port: { name, port, protocol }, destinations, egress, ...trimmed };
    }),
  });

  /** Key: scope, settings, own address ('' unless it matters), chunk. */
  const chunk = graph.query(
    'outboundListenersIn',
    (key: string): readonly EncodedResource[] => {
      const [scope, settings, self, ...rest] = key.split('~') as [string, string, string, string];
      const wanted = slotsIn.get(`${scope}~${rest.join('~')}`).filter((slot) => !(slot.headless && slot.binds[0] === self));
      return wanted.flatMap((slot) => listener.get(JSON.stringify(slotKey(slot, scope, settings))) ?? []);
    },
    { equals: sameElements },
  );
  const headlessBinds = graph.query(
    'headlessBinds',
    (scopeId: string): ReadonlySet<string> =>
      new Set([...slots.get(scopeId).values()].flat().flatMap((slot) => (slot.headless ? (slot.binds[0] ?? []) : []))),
    { equals: (a, b) => a.size === b.size && [...a].every((bind) => b.has(bind)) },
  );

  /** Key: settings and where unknown traffic goes. */
  const virtualOutbound = graph.query(
    'virtualOutbound',
    (key: string): Boxed | undefined => {
      const at = key.indexOf('~');
      const virtual = translateVirtualOutbound(
        JSON.parse(key.slice(at + 1)) as VirtualOutboundPlan,
        scopeOf<InternedVirtualOutboundSettings>(key.slice(0, at)),
      );
      return virtual === undefined ? undefined : { resource: encodeResource(Listener, VIRTUAL_OUTBOUND, virtual) };
    },
    { equals: sameBoxed },
  );

  /** Key: scope and settings. What does not depend on services. */
  const fixed = graph.query(
    'fixedOutboundListeners',
    (key: string): readonly EncodedResource[] => {
      const [scopeId, settingsId] = key.split('~') as [string, string];
      const scope = scopeOf<OutboundScope>(scopeId);
      const settings = scopeOf<InternedSettings>(settingsId);
      const port = scope.httpProxyPort === 0 ? (mesh.config().proxyHttpPort ?? 0) : scope.httpProxyPort;
      const made: EncodedResource[] = [];
      if (port > 0) made.push(encode(httpProxyPlan(port, settings, otherwise(scope), unknownHosts(scope).unknownHosts), settings));
      const { unknownHosts: cache } = unknownHosts(scope);
      const virtualPlan: VirtualOutboundPlan = { otherwise: otherwise(scope), ...(cache && { unknownHosts: { cache, ...catchAllSettings(scope) } }) };
      const virtual = virtualOutbound.get(`${virtualOutboundSettings(settings, cache !== undefined).id}~${JSON.stringify(virtualPlan)}`);
      return virtual === undefined ? made : [...made, virtual.resource];
    },
    { equals: (a, b) => a.length === b.length && a.every((resource, i) => sameResource(resource, b[i])) },
  );

  return {
    chunks(scope, settings, self) {
      const own = headlessBinds.get(scope.id).has(self) ? self : '';
      const namespaces = slotNamespaces.get(scope.id);
      return [...namespaces.map((name) => chunk.get(`${scope.id}~${settings.id}~${own}~${name}`)), fixed.get(`${scope.id}~${settings.id}`)];
    },
  };
}

/** Entries may name hosts; a listener cannot bind to those. */
const isIp = (address: string): boolean => /^[\d.]+$/.test(address) || address.includes(':');

function sameSlot(a: Slot, b: Slot): boolean {
  return (
    a.name === b.name &&
    a.bindsToPort === b.bindsToPort &&
    a.headless === b.headless &&
    a.binds.join() === b.binds.join() &&
    a.offers.length === b.offers.length &&
    a.offers.every((offer, i) => {
      const other = b.offers[i] as (typeof b.offers)[number];
      return (
        offer.service === other.service &&
        offer.egress === other.egress &&
        samePort(offer.port, other.port) &&
        offer.destinations.join() === other.destinations.join()
      );
    })
  );
}

const samePort = (a: Slot['offers'][number]['port'], b: Slot['offers'][number]['port']): boolean =>
  a.port === b.port && a.name === b.name && a.protocol === b.protocol;
