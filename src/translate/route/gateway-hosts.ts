/**
 * Which virtual hosts a gateway's route configuration has: what its servers and the VirtualServices bound to it have in common.
 * Pure; routes are named, not looked up. GW-002, GW-011, GW-020, GW-021, GW-026, GW-032, VS-006.
 */
import type { Server } from '../../api/istio.js';
import { bySpecificity, hostIsWithin, isWildcard } from '../../model/hosts.js';
import { authority } from './default-route.js';
import type { HostBinding } from './sidecar-hosts.js';

/** One server behind the route configuration, in merge order. */
export interface BoundServer {
  /** `namespace/name` */
  readonly gateway: string;
  readonly gatewayNamespace: string;
  readonly server: Server;
  readonly http3?: true;
  /** VirtualServices bound to the gateway, in their order. */
  readonly virtualServices: readonly HostBinding[];
}

/** Routes of one VirtualService at one gateway. */
export interface GatewayRoutesFrom {
  readonly virtualService: string;
  readonly gateway: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The server can be had over HTTP/3 too (GW-027). */
  readonly http3?: true;
}

export interface PlannedGatewayHost {
  readonly name: string;
  readonly domains: readonly string[];
  /** Concatenated, except that routes which match everything go last. */
  readonly from: readonly GatewayRoutesFrom[];
  /** Plaintext requests are redirected to https. */
  readonly requireTls: boolean;
  /** Stands in for a gateway without hosts. */
  readonly isPlaceholder: boolean;
}

interface Draft {
  readonly name: string;
  readonly from: GatewayRoutesFrom[];
  requireTls: boolean;
}

/** Plans the virtual hosts of one route configuration, sorted by name. Never empty: a gateway without hosts answers 404. */
export function gatewayHosts(servers: readonly BoundServer[], hasRoutes: (from: GatewayRoutesFrom) => boolean): readonly PlannedGatewayHost[] {
  const drafts = new Map<string, Draft>();
  /** Routes are made once per gateway and VirtualService, for the first server that has them. */
  const made = new Map<string, GatewayRoutesFrom>();
  for (const { gateway, gatewayNamespace, server, http3, virtualServices } of servers) {
    const port = server.port.number;
    const redirects = server.tls?.httpsRedirect === true;
    const draftOf = (host: string): Draft => {
      let draft = drafts.get(host);
      if (draft === undefined) drafts.set(host, (draft = { name: authority(host, port), from: [], requireTls: false }));
      if (redirects) draft.requireTls = true;
      return draft;
    };
    const indexes = new Map<string, HostIndex>();
    const hostsOf = (namespace: string): HostIndex => {
      let index = indexes.get(namespace);
      if (index === undefined) indexes.set(namespace, (index = indexHosts(hostsFor(server, namespace, gatewayNamespace))));
      return index;
    };
    for (const { key, hosts, isIngress } of virtualServices) {
      const shared = intersection(hostsOf(key.slice(0, key.indexOf('/'))), hosts);
      if (shared.length === 0) continue;
      const id = `${gateway}|${key}`;
      let from = made.get(id);
      if (from === undefined) made.set(id, (from = { virtualService: key, gateway, port, isTls: server.tls !== undefined, ...(http3 && { http3 }) }));
      if (!hasRoutes(from)) continue;
      for (const host of shared) {
        const draft = draftOf(host.toLowerCase());
        if (isIngress !== true || !draft.from.some(({ virtualService }) => virtualService === key)) draft.from.push(from);
      }
    }
    if (redirects) for (const host of server.hosts) draftOf(host.slice(host.indexOf('/') + 1).toLowerCase());
  }
  if (drafts.size === 0)
    return [{ name: `blackhole:${servers[0]?.server.port.number ?? 0}`, domains: ['*'], from: [], requireTls: false, isPlaceholder: true }];
  return collapse(drafts).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Hosts with the very same routes share one virtual host, named after the most specific of them. */
function collapse(drafts: ReadonlyMap<string, Draft>): PlannedGatewayHost[] {
  const merged = new Map<string, { name: string; domains: string[]; from: GatewayRoutesFrom[]; requireTls: boolean }>();
  for (const host of [...drafts.keys()].sort(bySpecificity)) {
    const draft = drafts.get(host) as Draft;
    const same = `${draft.requireTls}${draft.from.map(({ gateway, virtualService }) => ` ${gateway}|${virtualService}`).join('')}`;
    const known = merged.get(same);
    if (known === undefined) merged.set(same, { ...draft, domains: [host] });
    else known.domains.push(host);
  }
  return [...merged.values()].map((host) => ({ ...host, isPlaceholder: false }));
}

/** Server hosts that VirtualServices of a namespace may bind to, without their `namespace/` part. */
export function hostsFor(server: Server, namespace: string, gatewayNamespace: string): readonly string[] {
  return server.hosts.flatMap((host) => {
    const slash = host.indexOf('/');
    if (slash < 0) return [host];
    const wanted = host.slice(0, slash);
    const matches = wanted === '*' || wanted === namespace || (wanted === '.' && namespace === gatewayNamespace);
    return matches ? [host.slice(slash + 1)] : [];
  });
}

/** Hosts of a server, ready to be compared with those of many VirtualServices. */
export interface HostIndex {
  readonly exact: ReadonlySet<string>;
  readonly wildcards: readonly string[];
}

export const indexHosts = (hosts: readonly string[]): HostIndex => ({
  exact: new Set(hosts.filter((host) => !isWildcard(host))),
  wildcards: hosts.filter(isWildcard),
});

/** The narrower of every pair that overlaps, without repetitions. Linear in wildcards only: a gateway may have thousands of exact hosts. */
export function intersection(server: HostIndex, hosts: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const host of hosts) {
    if (server.exact.has(host) || server.wildcards.some((pattern) => hostIsWithin(host, pattern))) found.add(host);
    if (!isWildcard(host)) continue;
    for (const exact of server.exact) if (hostIsWithin(exact, host)) found.add(exact);
    for (const pattern of server.wildcards) if (hostIsWithin(pattern, host)) found.add(pattern);
  }
  return [...found];
}
