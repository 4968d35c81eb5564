/**
 * Route configurations as bytes put together from parts: routes are encoded once per VirtualService, virtual hosts and route configurations
 * are concatenations. Protobuf allows it: a message is the sequence of its fields, repeated ones in order.
 * Field numbers: envoy/config/route/v3/route.proto and route_components.proto.
 */

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Route, VirtualHost_TlsRequirementType } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { isCatchAll } from './match.js';
import type { RouteDraft } from './route-block.js';

/** Length-delimited field `number`. */
const tag = (number: number): number => (number << 3) | 2;
/** Varint field `number`. */
const varintTag = (number: number): number => number << 3;

const VIRTUAL_HOST = { name: 1, domains: 2, routes: 3, requireTls: 4, includeRequestAttemptCount: 14 } as const;
const ROUTE_CONFIGURATION = {
  name: 1,
  virtualHosts: 2,
  validateClusters: 7,
  maxDirectResponseBodySizeBytes: 11,
  ignorePortInHostMatching: 14,
} as const;

/** As large as validation lets a direct response be; Envoy's default is 4 KiB. */
const MAX_DIRECT_RESPONSE_BODY = 1024 * 1024;

/** Encoded `routes` fields of a virtual host. Apart: the one that matches everything, which must come after those of other VirtualServices. */
export interface EncodedRoutes {
  readonly specific: Uint8Array;
  readonly catchAll: Uint8Array;
}

export const NO_ROUTES: EncodedRoutes = { specific: new Uint8Array(), catchAll: new Uint8Array() };
export const isEmpty = ({ specific, catchAll }: EncodedRoutes): boolean => specific.length + catchAll.length === 0;
export const sameRoutes = (a: EncodedRoutes, b: EncodedRoutes): boolean =>
  Buffer.compare(a.specific, b.specific) === 0 && Buffer.compare(a.catchAll, b.catchAll) === 0;

export function encodeRoutes(routes: readonly RouteDraft[]): EncodedRoutes {
  const specific = new BinaryWriter();
  const catchAll = new BinaryWriter();
  for (const route of routes) {
    const writer = isCatchAll(route.match ?? {}) ? catchAll : specific;
    writer.uint32(tag(VIRTUAL_HOST.routes)).bytes(Route.encode(Route.fromPartial(route)).finish());
  }
  return { specific: specific.finish(), catchAll: catchAll.finish() };
}

/** Name and domains of a virtual host: what does not change when routes do. */
export function encodeHead(name: string, domains: readonly string[]): Uint8Array {
  const writer = new BinaryWriter().uint32(tag(VIRTUAL_HOST.name)).string(name);
  for (const domain of domains) writer.uint32(tag(VIRTUAL_HOST.domains)).string(domain);
  return writer.finish();
}

export interface VirtualHostParts {
  readonly head: Uint8Array;
  readonly routes: readonly EncodedRoutes[];
  readonly requireTls: boolean;
  readonly includeRequestAttemptCount: boolean;
}

/** One `virtual_hosts` field of a route configuration. */
function virtualHostParts({ head, routes, requireTls, includeRequestAttemptCount }: VirtualHostParts): Uint8Array[] {
  const tail = new BinaryWriter();
  if (requireTls) tail.uint32(varintTag(VIRTUAL_HOST.requireTls)).int32(VirtualHost_TlsRequirementType.ALL);
  if (includeRequestAttemptCount) tail.uint32(varintTag(VIRTUAL_HOST.includeRequestAttemptCount)).bool(true);
  const parts = [head, ...routes.map(({ specific }) => specific), ...routes.map(({ catchAll }) => catchAll), tail.finish()];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [new BinaryWriter().uint32(tag(ROUTE_CONFIGURATION.virtualHosts)).uint32(length).finish(), ...parts];
}

/** A whole RouteConfiguration. */
export function encodeRouteConfiguration(name: string, hosts: readonly VirtualHostParts[]): Uint8Array {
  const head = new BinaryWriter().uint32(tag(ROUTE_CONFIGURATION.name)).string(name).finish();
  const tail = new BinaryWriter()
    // BoolValue{false}: an empty message. Clusters and routes arrive on their own ways.
    .uint32(tag(ROUTE_CONFIGURATION.validateClusters))
    .uint32(0)
    .uint32(tag(ROUTE_CONFIGURATION.maxDirectResponseBodySizeBytes))
    .bytes(new BinaryWriter().uint32(varintTag(1)).uint32(MAX_DIRECT_RESPONSE_BODY).finish())
    .uint32(varintTag(ROUTE_CONFIGURATION.ignorePortInHostMatching))
    .bool(true)
    .finish();
  return Buffer.concat([head, ...hosts.flatMap(virtualHostParts), tail]);
}

/** What Envoy gets for a name that nothing is known of: it must not wait for it (XD-009). */
export const encodeUnknownRouteConfiguration = (name: string): Uint8Array =>
  new BinaryWriter().uint32(tag(ROUTE_CONFIGURATION.name)).string(name).uint32(tag(ROUTE_CONFIGURATION.validateClusters)).uint32(0).finish();
