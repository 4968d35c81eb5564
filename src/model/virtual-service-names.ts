/**
 * Short names of a VirtualService made long: hosts, gateways and destinations (VS-001, VS-003). Pure; the row itself is not changed.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService
 */
import type { Destination, VirtualServiceSpec } from '../api/istio.js';
import { resolveShortName } from './hosts.js';

/** The gateway name that stands for every sidecar. */
export const MESH_GATEWAY = 'mesh';

/** `name`, `./name`, `ns/name` and the older `name.ns.svc.domain` as `ns/name`; 'mesh' stays. */
export function resolveGateway(gateway: string, namespace: string): string {
  if (gateway === MESH_GATEWAY) return gateway;
  if (gateway.startsWith('./')) return `${namespace}/${gateway.slice(2)}`;
  if (gateway.includes('/')) return gateway;
  const [name, ofNamespace] = gateway.split('.');
  return `${ofNamespace ?? namespace}/${name}`;
}

/** The gateways that a VirtualService is bound to, without repetitions. */
export const boundGateways = (spec: VirtualServiceSpec): readonly string[] => (spec.gateways?.length ? [...new Set(spec.gateways)] : [MESH_GATEWAY]);

/** A copy of a VirtualService's spec in which no name depends on its namespace. */
export function resolveNames(spec: VirtualServiceSpec, namespace: string, domain: string): VirtualServiceSpec {
  const gateways = (list: string[] | undefined): string[] | undefined => list?.map((gateway) => resolveGateway(gateway, namespace));
  const destination = <D extends Destination | undefined>(to: D): D =>
    to?.host ? { ...to, host: resolveShortName(to.host, namespace, domain) } : to;
  const routes = <R extends { match?: { gateways?: string[] }[]; route?: { destination?: Destination }[] }>(list: R[] | undefined): R[] | undefined =>
    list?.map((entry) => ({
      ...entry,
      ...(entry.match && { match: entry.match.map((match) => (match.gateways ? { ...match, gateways: gateways(match.gateways) } : match)) }),
      ...(entry.route && { route: entry.route.map((to) => ({ ...to, destination: destination(to.destination) })) }),
    }));
  return {
    ...spec,
    ...(spec.hosts && { hosts: spec.hosts.map((host) => resolveShortName(host, namespace, domain)) }),
    ...(spec.gateways && { gateways: gateways(spec.gateways) as string[] }),
    ...(spec.http && {
      http: routes(spec.http as never[])?.map((entry: NonNullable<VirtualServiceSpec['http']>[number]) => ({
        ...entry,
        ...(entry.mirror && { mirror: destination(entry.mirror) }),
        ...(entry.mirrors && { mirrors: entry.mirrors.map((mirror) => ({ ...mirror, destination: destination(mirror.destination) })) }),
      })),
    }),
    ...(spec.tls && { tls: routes(spec.tls as never[]) }),
    ...(spec.tcp && { tcp: routes(spec.tcp as never[]) }),
  } as VirtualServiceSpec;
}
