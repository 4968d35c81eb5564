/**
 * Merges the Gateways that select one proxy (GW-001, GW-002, GW-022..GW-025). Servers of one address and port are one listener: plain HTTP ones
 * share its routes, TLS ones are told apart by SNI. What cannot live together gives way to the older Gateway.
 */
import type { Gateway, Server } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import { listenPort } from './gateway-ports.js';
import { allowsHttp3, bareHosts, isPlainHttp, isTlsServer, scopedHosts, terminatesHttps } from './gateway-server.js';
import type { GatewayServer, RejectedServer } from './mesh.js';
import type { OutboundScope } from './scope.js';

export interface GatewayListener {
  readonly bind: string;
  readonly port: number;
  readonly servers: readonly GatewayServer[];
}

export interface MergedGateways {
  readonly listeners: readonly GatewayListener[];
  readonly rejected: readonly RejectedServer[];
}

interface Draft extends GatewayListener {
  readonly servers: GatewayServer[];
  /** First server without TLS. */
  plain?: { readonly gateway: Gateway; readonly server: Server };
  /** Host → Gateway that has it. */
  readonly hosts: Map<string, Gateway>;
}

/** `gateways`: oldest first. Listeners come in the order in which their first server does. */
export function mergeGateways(gateways: readonly Gateway[], scope: Pick<OutboundScope, 'gatewayPorts' | 'quicPorts'>): MergedGateways {
  const drafts = new Map<string, Draft>();
  const httpsRoutes = new Map<string, Gateway>();
  const rejected: RejectedServer[] = [];
  for (const gateway of gateways) {
    for (const server of gateway.spec.servers ?? []) {
      const port = listenPort(scope, server.port.number);
      const bind = server.bind ?? '';
      const key = `${bind}|${port}`;
      const draft = drafts.get(key) ?? { bind, port, servers: [], hosts: new Map<string, Gateway>() };
      const routeName = gatewayRouteName(gateway, server, port);
      const namesake = terminatesHttps(server) ? httpsRoutes.get(routeName) : undefined;
      const found = conflict(gateway, server, draft) ?? (namesake && { reason: `port name ${server.port.name} is not unique`, winner: namesake });
      if (found !== undefined) {
        rejected.push({ gateway, server, ...found });
        continue;
      }
      if (terminatesHttps(server)) httpsRoutes.set(routeName, gateway);
      if (!isTlsServer(server)) draft.plain ??= { gateway, server };
      for (const host of comparedHosts(gateway, server)) draft.hosts.set(host, gateway);
      const quicPort = allowsHttp3(server) ? scope.quicPorts?.find(([number]) => number === server.port.number)?.[1] : undefined;
      draft.servers.push({ gateway, server, targetPort: port, routeName, bind, ...(quicPort !== undefined && { quicPort }) });
      drafts.set(key, draft);
    }
  }
  return { listeners: [...drafts.values()].map(({ bind, port, servers }) => ({ bind, port, servers })), rejected };
}

/** Why a server cannot join a listener, and who is there already; undefined when it can. */
function conflict(gateway: Gateway, server: Server, { plain, hosts, port }: Draft): Pick<RejectedServer, 'reason' | 'winner'> | undefined {
  const taken = comparedHosts(gateway, server).find((host) => hosts.has(host));
  if (taken !== undefined) {
    const winner = hosts.get(taken) as Gateway;
    return { reason: `host ${taken} on port ${port} belongs to Gateway ${keyOf(winner)}`, winner };
  }
  if (plain !== undefined && !(isPlainHttp(plain.server) && isPlainHttp(server))) {
    const reason = `port ${port} is used for ${plain.server.port.protocol}, which cannot share it with ${server.port.protocol}`;
    return { reason, winner: plain.gateway };
  }
  return undefined;
}

/** With TLS, Envoy would refuse a second chain for one SNI, whatever namespaces the hosts are for. Redirects clash only on the very same host. */
function comparedHosts(gateway: Gateway, server: Server): readonly string[] {
  if (server.tls === undefined) return [];
  return isTlsServer(server) ? bareHosts(server) : scopedHosts(server, gateway.metadata.namespace);
}

/** RDS name (envoy-shapes §7): by the port listened on for HTTP, by the configured port and its name for HTTPS, '' without routes. */
export function gatewayRouteName({ metadata }: Gateway, server: Server, targetPort: number): string {
  const suffix = server.bind ? `.${server.bind}` : '';
  if (isPlainHttp(server)) return `http.${targetPort}${suffix}`;
  if (terminatesHttps(server)) return `https.${server.port.number}.${server.port.name}.${metadata.name}.${metadata.namespace}${suffix}`;
  return '';
}
