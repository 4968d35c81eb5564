/**
 * Filter chains for byte streams of one service port: VirtualService `tls` routes (by SNI) and `tcp` routes (by destination), else the
 * service's own cluster. Static conditions (port, source labels and namespace, gateways) are decided here; SNI and destinations by Envoy.
 * VS-036, VS-038. https://istio.io/latest/docs/reference/config/networking/virtual-service/#TLSMatchAttributes
 */
import type { DestinationRuleSpec, L4MatchAttributes, RouteDestination, TLSMatchAttributes, VirtualService } from '../../api/istio.js';
import { keyOf } from '../../api/resource.js';
import { hostsOverlap, isWildcard } from '../../model/hosts.js';
import { type Labels, selects } from '../../model/labels.js';
import { outboundClusterName } from '../../model/names.js';
import { isTls } from '../../model/protocol.js';
import type { IpMode } from '../../model/proxy.js';
import type { Service } from '../../model/service.js';
import { serviceDnsCache } from '../cluster/dns-cache.js';
import { statName } from '../cluster/stat-name.js';
import { destinationCluster } from '../route/destination.js';
import { type ChainMatch, MATCH_ALL } from './filter-chain-match.js';
import type { ChainPlan } from './outbound-plan.js';
import type { Offer } from './outbound-slots.js';
import { connectionSettings } from './outbound-tcp-proxy.js';
import type { TcpProxyPlan } from './tcp-proxy.js';

export interface TcpContext {
  readonly namespace: string;
  readonly labels: Labels;
  readonly wildcard: string;
  readonly ipMode: IpMode;
  readonly outboundStatName: string;
  /** VirtualServices with tcp or tls routes of one egress listener, in Istio's order. */
  readonly virtualServices: (egress: number) => readonly VirtualService[];
  /** The service that a destination's host means here. */
  readonly service: (hostname: string) => Service | undefined;
  readonly rule: (service: Service) => DestinationRuleSpec | undefined;
  /** Address that the listener of a service binds to, '' for a CIDR. */
  readonly address: (service: Service) => string;
  /** Names of the ExternalName services that point to a service, with their short forms. */
  readonly aliases: (service: Service) => readonly string[];
}

/** Chains of one offer, in the order that Envoy gets them. */
export function tcpChains(offer: Offer, bind: string, context: TcpContext): ChainPlan[] {
  const virtualServices = context
    .virtualServices(offer.egress)
    .filter(({ spec }) => (spec.hosts ?? []).some((host) => hostsOverlap(host, offer.service.hostname)));
  return isTls(offer.port.protocol) ? tlsRoutes(offer, bind, virtualServices, context) : tcpRoutes(offer, virtualServices, context);
}

function tlsRoutes(offer: Offer, bind: string, virtualServices: readonly VirtualService[], context: TcpContext): ChainPlan[] {
  const chains: ChainPlan[] = [];
  // Two matches may differ only in conditions that are decided here; the second could never be reached.
  const seen = new Set<string>();
  for (const row of virtualServices) {
    for (const { match = [], route = [] } of row.spec.tls ?? []) {
      if (route.length === 0) continue;
      for (const condition of match) {
        if (!holds(condition, offer, context)) continue;
        const { sniHosts, destinationSubnets = [] } = condition;
        const conditions = `${sniHosts.join()}|${destinationSubnets.join()}`;
        if (seen.has(conditions)) continue;
        seen.add(conditions);
        const destinations = destinationSubnets.length > 0 && offer.port.port > 0 ? destinationSubnets : offer.destinations;
        chains.push(chain(offer, { ...MATCH_ALL, serverNames: sniHosts, destinations }, routeProxy(offer, row, route, context), row));
      }
    }
  }
  if (chains.length > 0) return chains;
  return [ownChain(offer, serverNames(offer, bind, context), context)];
}

/** SNI is looked at only where the address does not say which service is meant. */
function serverNames({ service, destinations }: Offer, bind: string, context: TcpContext): string[] {
  const address = context.address(service);
  const addressDecides = destinations.length === 0 && address !== '' && !(address === context.wildcard && bind === context.wildcard);
  if (addressDecides && !(isWildcard(service.hostname) && service.resolution === 'DynamicDNS')) return [];
  return [service.hostname, ...context.aliases(service)];
}

function tcpRoutes(offer: Offer, virtualServices: readonly VirtualService[], context: TcpContext): ChainPlan[] {
  const chains: ChainPlan[] = [];
  for (const row of virtualServices) {
    for (const { match = [], route = [] } of row.spec.tcp ?? []) {
      if (route.length === 0) continue;
      const held = match.filter((condition) => holds(condition, offer, context));
      // A match for any destination ends the search: nothing behind it could be reached.
      const forAll = match.length === 0 || held.some(({ destinationSubnets = [] }) => destinationSubnets.length === 0 || offer.port.port === 0);
      if (forAll) return [...chains, chain(offer, { ...MATCH_ALL, destinations: offer.destinations }, routeProxy(offer, row, route, context), row)];
      const destinations = held.flatMap(({ destinationSubnets = [] }) => destinationSubnets);
      if (destinations.length === 0) continue;
      chains.push(chain(offer, { ...MATCH_ALL, destinations }, routeProxy(offer, row, route, context)));
      if (sameTexts(destinations, offer.destinations)) return chains;
    }
  }
  return [...chains, ownChain(offer, [], context)];
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join() === b.toSorted().join();

/** Conditions that are known before any traffic flows. sourceSubnet is ignored, as in the reference. */
function holds(match: TLSMatchAttributes | L4MatchAttributes, { port }: Offer, context: TcpContext): boolean {
  const { gateways = [], sourceLabels = {}, sourceNamespace = '' } = match;
  return (
    (gateways.length === 0 || gateways.includes('mesh')) &&
    selects(sourceLabels, context.labels) &&
    (!match.port || match.port === port.port) &&
    (sourceNamespace === '' || sourceNamespace === context.namespace)
  );
}

const chain = (offer: Offer, match: ChainMatch, proxy: TcpProxyPlan, from?: VirtualService): ChainPlan => ({
  match,
  ...(from === undefined ? {} : { virtualService: keyOf(from) }),
  to: { kind: 'tcp', proxy, protocol: offer.port.protocol },
});

/** The chain of a service that no route is for. A wildcard that the proxy resolves has the name to resolve in the SNI. */
function ownChain(offer: Offer, names: readonly string[], context: TcpContext): ChainPlan {
  const own = chain(offer, { ...MATCH_ALL, serverNames: names, destinations: offer.destinations }, ownCluster(offer, context));
  const { service, port } = offer;
  if (service.resolution !== 'DynamicDNS' || own.to.kind !== 'tcp') return own;
  return { ...own, to: { ...own.to, resolvesSni: { cache: serviceDnsCache(service.hostname, context.ipMode), port: port.port } } };
}

/** Without a route: the cluster of the service's only port, else of the listener's. */
function ownCluster({ service, port }: Offer, context: TcpContext): TcpProxyPlan {
  const number = service.ports.length === 1 ? (service.ports[0]?.port ?? port.port) : port.port;
  const cluster = outboundClusterName(service.hostname, number);
  const statPrefix =
    context.outboundStatName === ''
      ? cluster
      : statName(context.outboundStatName, { service, subset: '', port: { port: number, name: '' }, targetPort: 0 });
  return { to: cluster, statPrefix, ...connectionSettings(context.rule(service), '') };
}

function routeProxy({ port }: Offer, row: VirtualService, route: readonly RouteDestination[], context: TcpContext): TcpProxyPlan {
  const [first] = route;
  if (first === undefined) throw new Error(`VirtualService ${keyOf(row)}: route without destination`);
  const clusterOf = ({ destination }: RouteDestination): string => destinationCluster(destination ?? { host: '' }, port.port, context.service);
  const hostname = first.destination?.host ?? '';
  const subset = first.destination?.subset ?? '';
  const service = context.service(hostname);
  const rule = service === undefined ? undefined : context.rule(service);
  if (route.length === 1) {
    const cluster = clusterOf(first);
    const named = context.outboundStatName !== '' && service !== undefined;
    const statPrefix = named ? statName(context.outboundStatName, { service: { ...service, hostname }, subset, port, targetPort: 0 }) : cluster;
    return { to: cluster, statPrefix, ...connectionSettings(rule, subset) };
  }
  const clusters = route
    .filter(({ weight = 0 }) => weight > 0)
    .map((destination) => ({ cluster: clusterOf(destination), weight: destination.weight ?? 0 }));
  // Of several destinations settings of a subset cannot hold: they sit on the listener. Without any weight the first gets all.
  return {
    to: clusters.length === 0 ? clusterOf(first) : clusters,
    statPrefix: `${row.metadata.name}.${row.metadata.namespace}`,
    ...connectionSettings(rule, ''),
  };
}
