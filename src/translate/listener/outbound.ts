/**
 * Third step of outbound listeners: a plan becomes an Envoy listener. The chain that takes everything is the default one as soon as
 * there are others, and there always is a default: otherwise connections that match half a chain would be dropped. Envoy-shapes §1.2.
 */
import { TrafficDirection } from '@envoyproxy/xds-protos/envoy/config/core/v3/base.js';
import type { Listener } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener.js';
import type { Filter, FilterChain } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import type { DnsCache } from '../cluster/dns-cache.js';
import { ALL_PHASES, networkExtensions } from '../extension/chain.js';
import { tcpStats } from '../http-filter/stats.js';
import { duration, type Partial } from '../proto.js';
import { addresses, connectionBalance, listenerName, localhosts } from './address.js';
import { configMetadata } from './config-metadata.js';
import { MATCH_ALL, matchesAll, translateMatch } from './filter-chain-match.js';
import { httpConnectionManager } from './hcm.js';
import { HTTP_INSPECTOR, TLS_INSPECTOR } from './inspectors.js';
import type { ChainPlan, OutboundListenerPlan } from './outbound-plan.js';
import { protocolFilters } from './protocol-filters.js';
import type { HttpSettings, ListenerSettings, TcpSettings } from './settings.js';
import { sniDynamicForwardProxy } from './sni-dynamic-forward-proxy.js';
import { type TcpProxyPlan, tcpProxy } from './tcp-proxy.js';

/** Settings of one outbound listener; `http` may be missing when no chain of the plan is HTTP. */
export interface OutboundSettings {
  readonly protocolDetectionTimeout: string;
  readonly tcp: TcpSettings;
  readonly http?: HttpSettings;
  readonly exactBalance?: true;
}

/** Limits what a client can hold open with a handshake that never ends. */
const CONNECT_TIMEOUT = duration('15s');

export const needsHttp = (plan: OutboundListenerPlan): boolean => plan.chains.some(({ to }) => to.kind === 'http');

export function translateOutboundListener(plan: OutboundListenerPlan, settings: OutboundSettings): Partial<Listener> {
  const sniffsTls = plan.chains.some(({ match, to }) => match.serverNames.length > 0 || (to.kind === 'tcp' && to.resolvesSni !== undefined));
  const sniffsHttp = plan.chains.some(({ match }) => match.applicationProtocols.length > 0);
  return {
    name: plan.name,
    ...addresses(plan.binds, plan.port),
    trafficDirection: TrafficDirection.OUTBOUND,
    // A real port accepts one connection at a time, so that workers share them evenly.
    ...(plan.bindsToPort ? { maxConnectionsToAcceptPerSocketEvent: 1 } : { bindToPort: false }),
    ...connectionBalance(settings),
    continueOnListenerFiltersTimeout: true,
    listenerFilters: [...(sniffsTls ? [TLS_INSPECTOR] : []), ...(sniffsHttp ? [HTTP_INSPECTOR] : [])],
    // A timeout turns requests of slow clients into byte streams: only where the user wants it and there is HTTP to detect.
    listenerFiltersTimeout: duration(sniffsHttp ? settings.protocolDetectionTimeout : '0s'),
    ...filterChains(plan, settings),
  };
}

function filterChains(plan: OutboundListenerPlan, settings: OutboundSettings): Pick<Partial<Listener>, 'filterChains' | 'defaultFilterChain'> {
  const chains = plan.chains.filter(({ match }) => !matchesAll(match)).map((chain) => translateChain(chain, plan, settings));
  const forAll = plan.chains.findLast(({ match }) => matchesAll(match));
  if (forAll === undefined) return { filterChains: chains, defaultFilterChain: passthrough(plan.otherwise, settings) };
  const last = translateChain(forAll, plan, settings);
  return chains.length === 0 ? { filterChains: [last] } : { filterChains: chains, defaultFilterChain: last };
}

function translateChain({ match, virtualService, to }: ChainPlan, plan: OutboundListenerPlan, settings: OutboundSettings): Partial<FilterChain> {
  return {
    filterChainMatch: translateMatch(match),
    filters: filters(to, plan, settings),
    ...(virtualService === undefined ? {} : { metadata: configMetadata('virtual-service', virtualService) }),
    transportSocketConnectTimeout: CONNECT_TIMEOUT,
  };
}

function filters(to: ChainPlan['to'], plan: OutboundListenerPlan, { tcp, http }: OutboundSettings): Partial<Filter>[] {
  if (to.kind === 'tcp') {
    const resolution = to.resolvesSni === undefined ? [] : [sniDynamicForwardProxy(to.resolvesSni)];
    return [
      ...networkExtensions(tcp.extensions, ALL_PHASES, plan.port),
      ...tcpStats(tcp),
      ...resolution,
      ...protocolFilters(to.protocol, to.proxy.statPrefix),
      tcpProxy(to.proxy, tcp),
    ];
  }
  if (http === undefined) throw new Error(`listener ${plan.name}: HTTP chain without HTTP settings`);
  const { routes, protocol, allowAbsoluteUrl = false, dnsCaches = [] } = to;
  const statPrefix = `outbound_${plan.name}`;
  return [
    ...networkExtensions(http.extensions, ALL_PHASES, plan.port),
    httpConnectionManager({ side: 'outbound', statPrefix, routes, protocol, port: plan.port, allowAbsoluteUrl, dnsCaches }, http),
  ];
}

const passthrough = (otherwise: TcpProxyPlan, { tcp }: OutboundSettings): Partial<FilterChain> => ({
  name: 'PassthroughFilterChain',
  filterChainMatch: {},
  filters: [...tcpStats(tcp), tcpProxy(otherwise, tcp)],
});

/** The listener that applications may use as an explicit HTTP proxy (SC-016). */
export function httpProxyPlan(
  port: number,
  { ipMode }: Pick<ListenerSettings, 'ipMode'>,
  otherwise: TcpProxyPlan,
  unknownHosts?: DnsCache,
): OutboundListenerPlan {
  const binds = localhosts(ipMode);
  const dnsCaches = unknownHosts === undefined ? {} : { dnsCaches: [unknownHosts] };
  const to = { kind: 'http' as const, routes: 'http_proxy', protocol: 'HTTP_PROXY' as const, allowAbsoluteUrl: true, ...dnsCaches };
  return { name: listenerName(binds[0] as string, port), binds, port, bindsToPort: true, chains: [{ match: MATCH_ALL, to }], otherwise };
}
