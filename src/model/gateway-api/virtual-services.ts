/**
 * VirtualService rows made of routes (GA-007, GA-022). Nothing below the model knows that Gateway API wrote them, but for an annotation by which
 * paths match in whole segments. Pure.
 */
import type { HTTPRoute, VirtualService, VirtualServiceSpec } from '../../api/istio.js';
import type { Resource } from '../../api/resource.js';
import { hostIsWithin, hostsOverlap } from '../hosts.js';
import { hostName, meshName, streamName } from './names.js';
import { byPrecedence } from './precedence.js';
import { type StreamRules, tcpRoutes, tlsRoutes } from './stream-rules.js';
import type { StreamRouteRow } from './types.js';

/** Oldest first, then by namespace and name: Gateway API's order of resources. */
export function byRouteAge(a: Resource, b: Resource): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  if (a.metadata.namespace !== b.metadata.namespace) return a.metadata.namespace < b.metadata.namespace ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
}

/** A route that has a part in a VirtualService; `rules` in order of precedence. */
export interface Contribution {
  readonly row: Resource;
  readonly rules: readonly HTTPRoute[];
}

/** HTTP rules of all routes for one host at one listener. Undefined when there are none. */
export function listenerVirtualService(internalGateway: string, host: string, contributions: readonly Contribution[]): VirtualService | undefined {
  return merged(hostName(internalGateway, host), contributions, { hosts: [host], gateways: [internalGateway], exportTo: ['*'] });
}

/** HTTP rules of one namespace's routes for one service. The service's own namespace speaks for all clients, others for their own. */
export function meshVirtualService(
  namespace: string,
  service: { readonly host: string; readonly port: number; readonly namespace: string },
  contributions: readonly Contribution[],
): VirtualService | undefined {
  const { host, port } = service;
  const exportTo = namespace === service.namespace ? ['*'] : ['.'];
  const onPort = contributions.map(({ row, rules }) => ({ row, rules: port === 0 ? rules : rules.map((rule) => withPort(rule, port)) }));
  return merged(meshName(namespace, port, host), onPort, { hosts: [host], gateways: ['mesh'], exportTo });
}

const withPort = (rule: HTTPRoute, port: number): HTTPRoute =>
  ({ ...rule, match: rule.match?.length ? rule.match.map((match) => ({ ...match, port })) : [{ port }] }) as HTTPRoute;

function merged(name: string, contributions: readonly Contribution[], spec: VirtualServiceSpec): VirtualService | undefined {
  const sorted = contributions.filter(({ rules }) => rules.length > 0).sort((a, b) => byRouteAge(a.row, b.row));
  const [first] = sorted;
  if (first === undefined) return undefined;
  const http = [...byPrecedence(sorted.flatMap(({ rules }) => rules))];
  return rowOf(
    first.row,
    name,
    sorted.map(({ row }) => row),
    { ...spec, http },
  );
}

/** One place that a TCPRoute or TLSRoute attaches to. */
export interface StreamTarget {
  /** Key of a Gateway row, or 'mesh'. */
  readonly gateway: string;
  /** Host name of the listener, '' for any. */
  readonly listenerHost: string;
  /** What comes out of the listener is a plain byte stream. */
  readonly isStream: boolean;
  /** With 'mesh': hosts of the service, and its port, 0 for all. */
  readonly serviceHosts: readonly string[];
  readonly servicePort: number;
  /** Namespace of the service. */
  readonly serviceNamespace: string;
}

/** VirtualServices of a TCPRoute or TLSRoute: one per host and place, numbered in the order of their gateways. */
export function streamVirtualServices(
  row: StreamRouteRow,
  rules: { readonly mesh: StreamRules; readonly gateway: StreamRules },
  targets: readonly StreamTarget[],
): readonly VirtualService[] {
  const made: VirtualService[] = [];
  const isTls = row.kind === 'TLSRoute';
  const add = (target: StreamTarget, host: string, routes: Partial<VirtualServiceSpec>): void => {
    const exportTo = target.gateway !== 'mesh' || target.serviceNamespace === row.metadata.namespace ? ['*'] : ['.'];
    const name = streamName(row.metadata.name, isTls ? 'tls' : 'tcp', made.length);
    made.push(rowOf(row, name, [row], { hosts: [host], gateways: [target.gateway], exportTo, ...routes }));
  };
  for (const target of [...targets].sort((a, b) => (a.gateway < b.gateway ? -1 : a.gateway > b.gateway ? 1 : 0))) {
    const isMesh = target.gateway === 'mesh';
    const own = isMesh ? rules.mesh : rules.gateway;
    if (own.rules.length === 0) continue;
    if (!isTls) {
      for (const host of isMesh ? target.serviceHosts : ['*']) add(target, host, { tcp: [...tcpRoutes(own, target.servicePort)] });
      continue;
    }
    const names = row.spec.hostnames ?? [];
    const wanted = names.length === 0 ? ['*'] : names;
    if (isMesh) {
      for (const host of target.serviceHosts) {
        const sni = names.length === 0 ? [host] : names.length === 1 ? names : names.filter((name) => hostsOverlap(host, name));
        add(target, host, { tls: [...tlsRoutes(own, sni, target.servicePort)] });
      }
      continue;
    }
    const hosts = target.listenerHost === '' ? wanted : within(wanted, target.listenerHost);
    for (const host of hosts) add(target, host, target.isStream ? { tcp: [...tcpRoutes(own, 0)] } : { tls: [...tlsRoutes(own, hosts, 0)] });
  }
  return made;
}

/** What of the names the listener serves. */
const within = (names: readonly string[], listener: string): readonly string[] => [
  ...new Set(names.filter((name) => hostsOverlap(name, listener)).map((name) => (hostIsWithin(name, listener) ? name : listener))),
];

function rowOf(first: Resource, name: string, from: readonly Resource[], spec: VirtualServiceSpec): VirtualService {
  return {
    kind: 'VirtualService',
    apiVersion: 'networking.istio.io/v1',
    metadata: {
      name,
      namespace: first.metadata.namespace,
      labels: {},
      annotations: {
        'internal.istio.io/route-semantics': 'gateway',
        'internal.istio.io/parents': from.map(({ kind, metadata }) => `${kind}/${metadata.name}.${metadata.namespace}`).join(','),
      },
    },
    spec,
    createdAt: first.createdAt,
    ...(first.location === undefined ? {} : { location: first.location }),
  };
}
