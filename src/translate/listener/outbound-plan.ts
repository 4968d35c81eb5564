/**
 * Second step of outbound listeners: the offers of one slot become one plan. HTTP and TCP on one address make a sniffing listener;
 * chains that Envoy could not tell apart are dropped, the first wins. The plan is a plain value: views use its JSON as the key under
 * which the encoded listener is shared. SD-014, SD-066, SD-067.
 */
import { isDetected, isHttp, isTcp, type Protocol } from '../../model/protocol.js';
import type { IpMode } from '../../model/proxy.js';
import { type DnsCache, serviceDnsCache } from '../cluster/dns-cache.js';
import { type ChainMatch, MATCH_ALL, PLAINTEXT_HTTP, sameMatch } from './filter-chain-match.js';
import { listenerProtocol } from './listener-protocol.js';
import type { Offer, Slot } from './outbound-slots.js';
import type { SniResolution } from './sni-dynamic-forward-proxy.js';
import type { TcpProxyPlan } from './tcp-proxy.js';

export interface ChainPlan {
  readonly match: ChainMatch;
  /** Key of the VirtualService that the chain comes from. */
  readonly virtualService?: string;
  readonly to:
    | { readonly kind: 'tcp'; readonly proxy: TcpProxyPlan; readonly protocol: Protocol; readonly resolvesSni?: SniResolution }
    | {
        readonly kind: 'http';
        readonly routes: string;
        readonly protocol: Protocol;
        readonly allowAbsoluteUrl?: boolean;
        readonly dnsCaches?: readonly DnsCache[];
      };
}

export interface OutboundListenerPlan {
  readonly name: string;
  readonly binds: readonly string[];
  readonly port: number;
  readonly bindsToPort: boolean;
  readonly chains: readonly ChainPlan[];
  /** Where connections go that no chain takes. */
  readonly otherwise: TcpProxyPlan;
}

/** What the merge needs to know of its surroundings. */
export interface PlanContext {
  readonly wildcard: string;
  /** Chains of one offer for byte streams: VirtualService tcp and tls routes, or the service's cluster. */
  readonly tcpChains: (offer: Offer, bind: string) => readonly ChainPlan[];
  readonly otherwise: TcpProxyPlan;
  /** The cache of requests to unknown hosts, where those are resolved. */
  readonly unknownHosts?: DnsCache;
  readonly ipMode: IpMode;
  /** Name under which the routes of a shared port are asked for. */
  readonly routesOfPort: (port: number) => string;
}

/** Merges a slot's offers in their order. */
export function planListener(slot: Slot, context: PlanContext): OutboundListenerPlan {
  const bind = slot.binds[0] as string;
  const dnsCaches = cachesOf(slot, context);
  let chains: ChainPlan[] = [];
  let current: Protocol | undefined;
  for (const offer of slot.offers) {
    const { protocol } = offer.port;
    if (current !== undefined && speaksFirst(protocol, current)) continue;
    const kind = listenerProtocol(protocol);
    const http = (sniffed: boolean): ChainPlan => httpChain(offer, bind, sniffed, context, dnsCaches);
    if (protocol === 'HTTP_PROXY') {
      chains = [http(false)];
      current = protocol;
    } else if (kind === 'HTTP') {
      // HTTP or a sniffing listener is there: routes tell the services apart.
      if (current !== undefined && !isTcp(current)) continue;
      const sniffed = bind === context.wildcard;
      chains = current === undefined ? [http(sniffed)] : merge(chains, [http(sniffed)]);
      current = current === undefined && !sniffed ? protocol : 'Unsupported';
    } else if (kind === 'TCP') {
      const added = context.tcpChains(offer, bind);
      const before: Protocol | undefined = current;
      chains = before === undefined ? [...added] : merge(chains, added);
      current = before === undefined ? protocol : isHttp(before) ? 'Unsupported' : before;
    } else if (current === undefined || isHttp(current)) {
      // An explicit HTTP listener is replaced: the sniffing one serves its requests too.
      chains = [...context.tcpChains(offer, bind), http(true)];
      current = 'Unsupported';
    } else if (isDetected(current)) {
      // Its requests are served already; only byte streams to addresses of its own can be told from everybody else's.
      chains = merge(
        chains,
        context.tcpChains(offer, bind).filter(({ match }) => match.destinations.length > 0),
      );
    } else {
      chains = merge(chains, [...context.tcpChains(offer, bind), http(true)]);
      current = 'Unsupported';
    }
  }
  return { name: slot.name, binds: slot.binds, port: slot.port, bindsToPort: slot.bindsToPort, chains, otherwise: context.otherwise };
}

/** Mongo and MySQL servers may speak first: an inspector on their port would hang both sides. */
const speaksFirst = (incoming: Protocol, current: Protocol): boolean =>
  incoming !== current && [incoming, current].some((protocol) => protocol === 'Mongo' || protocol === 'MySQL');

function merge(chains: readonly ChainPlan[], added: readonly ChainPlan[]): ChainPlan[] {
  const merged = [...chains];
  for (const chain of added) if (!merged.some((there) => sameMatch(there.match, chain.match))) merged.push(chain);
  return merged;
}

/** Routes of a shared port may lead to any of its services, so their caches count wherever the connection manager is made for another. */
function cachesOf({ offers }: Slot, { ipMode, unknownHosts }: PlanContext): DnsCache[] {
  const dynamic = offers.filter(({ service, port }) => service.resolution === 'DynamicDNS' && !isTcp(port.protocol));
  const hosts = [...new Set(dynamic.map(({ service }) => service.hostname))].sort();
  return [...hosts.map((host) => serviceDnsCache(host, ipMode)), ...(unknownHosts === undefined ? [] : [unknownHosts])];
}

function httpChain({ port, service }: Offer, bind: string, sniffed: boolean, context: PlanContext, dnsCaches: readonly DnsCache[]): ChainPlan {
  const match: ChainMatch = sniffed ? { ...MATCH_ALL, transportProtocol: 'raw_buffer', applicationProtocols: PLAINTEXT_HTTP } : MATCH_ALL;
  // On a Unix socket the path names the routes; a detected port on an address of its own has routes of its own.
  const ownRoutes = isDetected(port.protocol) && bind !== context.wildcard;
  const routes = port.port === 0 ? bind : ownRoutes ? `${service.hostname}:${port.port}` : context.routesOfPort(port.port);
  return { match, to: { kind: 'http', routes, protocol: port.protocol, ...(dnsCaches.length === 0 ? {} : { dnsCaches }) } };
}
