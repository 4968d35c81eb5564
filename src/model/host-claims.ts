/**
 * What resources claim of the traffic of other namespaces' proxies, and whether it is theirs (host-ownership.ts). A resource with one claim too
 * many does nothing there: half of a route is something that nobody wrote. For its own namespace's proxies everything holds as ever. Pure.
 */
import type { Gateway, ServiceEntry, VirtualServiceSpec } from '../api/istio.js';
import type { FieldPath } from '../api/problem.js';
import type { HostOwnership } from './host-ownership.js';
import { hostsOverlap, resolveShortName } from './hosts.js';
import { parseProtocol } from './protocol.js';

/** A host or address that is not the namespace's. */
export interface Claim {
  readonly host: string;
  readonly path: FieldPath;
}

/** Protocols by whose own words connections are told apart; the rest is, on an address that everybody shares, taken port by port. */
const NAMED = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-Web', 'HTTPS', 'TLS', 'UDP']);
const ANYWHERE = '0.0.0.0/0';

export function serviceEntryClaims({ spec, metadata: { namespace } }: ServiceEntry, ownership: HostOwnership): readonly Claim[] {
  const hosts = foreign(spec.hosts ?? [], 'hosts', (host) => ownership.ownsHost(namespace, host));
  const addresses = spec.addresses ?? [];
  if (addresses.length > 0) return [...hosts, ...foreign(addresses, 'addresses', (address) => ownership.ownsAddress(namespace, address))];
  // Without an address a port of a plain byte stream stands for all addresses.
  const taken = (spec.ports ?? []).flatMap(({ protocol }, index) => (NAMED.has(parseProtocol(protocol)) ? [] : [index]));
  if (taken.length === 0 || ownership.ownsAddress(namespace, ANYWHERE)) return hosts;
  return [...hosts, ...taken.map((index) => ({ host: ANYWHERE, path: ['spec', 'ports', index] }))];
}

/** Of names already resolved. */
export function virtualServiceClaims(spec: VirtualServiceSpec, namespace: string, ownership: HostOwnership): readonly Claim[] {
  return foreign(spec.hosts ?? [], 'hosts', (host) => ownership.ownsHost(namespace, host));
}

/**
 * What of a VirtualService's hosts a Gateway of another namespace does not let in by naming that namespace. `*` and hosts without a namespace
 * let everybody in, which is why they say nothing about whose a host is.
 */
export function claimsAtGateway(claims: readonly Claim[], namespace: string, gateway: Gateway | undefined): readonly Claim[] {
  const admitted = (gateway?.spec.servers ?? [])
    .flatMap((server) => server.hosts ?? [])
    .flatMap((entry) => {
      const [from, host] = entry.split('/');
      return host !== undefined && from === namespace ? [host] : [];
    });
  return claims.filter(({ host }) => !admitted.some((pattern) => hostsOverlap(host, pattern)));
}

export function gatewayClaims({ spec, metadata: { namespace } }: Gateway, ownership: HostOwnership, domain: string): readonly Claim[] {
  return (spec.servers ?? []).flatMap(({ hosts }, index) =>
    hosts.flatMap((entry, at) => {
      const host = resolveShortName(entry.slice(entry.indexOf('/') + 1), namespace, domain);
      return ownership.ownsHost(namespace, host) ? [] : [{ host, path: ['spec', 'servers', index, 'hosts', at] }];
    }),
  );
}

function foreign(list: readonly string[], field: string, owns: (text: string) => boolean): readonly Claim[] {
  return list.flatMap((host, index) => (owns(host) ? [] : [{ host, path: ['spec', field, index] }]));
}
