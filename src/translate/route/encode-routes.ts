/**
 * Route configurations as bytes put together from parts: routes are encoded once per VirtualService, virtual hosts and route configurations
 * are concatenations. Protobuf allows it: a message is the sequence of its fields, repeated ones in order.
 * Field numbers: envoy/config/route/v3/route.proto and route_components.proto.
 */

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { ApiVersion } from '@envoyproxy/xds-protos/envoy/config/core/v3/config_source.js';
import { Vhds } from '@envoyproxy/xds-protos/envoy/config/route/v3/route.js';
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
  vhds: 9,
  maxDirectResponseBodySizeBytes: 11,
  ignorePortInHostMatching: 14,
} as const;

/** As large as validation lets a direct response be; Envoy's default is 4 KiB. */
export const MAX_DIRECT_RESPONSE_BODY = 1024 * 1024;

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

/** Name and domains of a virtual host: what does not change when routes do. By hand for the same reason as below. */
export function encodeHead(name: string, domains: readonly string[]): Uint8Array {
  const texts = [name, ...domains];
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const out = Buffer.alloc(lengths.reduce((sum, length) => sum + 1 + varintLength(length) + length, 0));
  let at = 0;
  texts.forEach((text, i) => {
    out[at++] = tag(i === 0 ? VIRTUAL_HOST.name : VIRTUAL_HOST.domains);
    at = writeVarint(out, at, lengths[i] as number);
    at += out.write(text, at);
  });
  return out;
}

export interface VirtualHostParts {
  readonly head: Uint8Array;
  readonly routes: readonly EncodedRoutes[];
  readonly requireTls: boolean;
  readonly includeRequestAttemptCount: boolean;
}

/** The fields of a virtual host behind its routes: there are only four possibilities. */
const TAILS = [false, true].map((requireTls) =>
  [false, true].map((includeRequestAttemptCount) => {
    const writer = new BinaryWriter();
    if (requireTls) writer.uint32(varintTag(VIRTUAL_HOST.requireTls)).int32(VirtualHost_TlsRequirementType.ALL);
    if (includeRequestAttemptCount) writer.uint32(varintTag(VIRTUAL_HOST.includeRequestAttemptCount)).bool(true);
    return writer.finish();
  }),
);

/** What every route configuration ends with. */
const CONFIGURATION_TAIL = new BinaryWriter()
  // BoolValue{false}, an empty message: clusters and routes arrive on their own ways.
  .uint32(tag(ROUTE_CONFIGURATION.validateClusters))
  .uint32(0)
  .uint32(tag(ROUTE_CONFIGURATION.maxDirectResponseBodySizeBytes))
  .bytes(new BinaryWriter().uint32(varintTag(1)).uint32(MAX_DIRECT_RESPONSE_BODY).finish())
  .uint32(varintTag(ROUTE_CONFIGURATION.ignorePortInHostMatching))
  .bool(true)
  .finish();

/** The name field: how every route configuration begins. */
const encodeName = (name: string): Uint8Array => new BinaryWriter().uint32(tag(ROUTE_CONFIGURATION.name)).string(name).finish();

/**
 * A whole RouteConfiguration. Written by hand into one buffer: this runs for all virtual hosts of a proxy's port after every small change,
 * and is nothing but copying.
 */
export function encodeRouteConfiguration(name: string, hosts: readonly VirtualHostParts[]): Uint8Array {
  const head = encodeName(name);
  const lengths = hosts.map(virtualHostLength);
  const total = lengths.reduce((sum, length) => sum + 1 + varintLength(length) + length, head.length + CONFIGURATION_TAIL.length);
  const out = new Uint8Array(total);
  let at = 0;
  const copy = (part: Uint8Array): void => {
    out.set(part, at);
    at += part.length;
  };
  copy(head);
  hosts.forEach((host, i) => {
    out[at++] = tag(ROUTE_CONFIGURATION.virtualHosts);
    at = writeVarint(out, at, lengths[i] as number);
    copy(host.head);
    for (const { specific } of host.routes) copy(specific);
    for (const { catchAll } of host.routes) copy(catchAll);
    copy(tailOf(host));
  });
  copy(CONFIGURATION_TAIL);
  return out;
}

const tailOf = (host: VirtualHostParts): Uint8Array => TAILS[Number(host.requireTls)]?.[Number(host.includeRequestAttemptCount)] as Uint8Array;

function virtualHostLength(host: VirtualHostParts): number {
  let length = host.head.length + tailOf(host).length;
  for (const { specific, catchAll } of host.routes) length += specific.length + catchAll.length;
  return length;
}

/** Writes a varint and gives the place behind it. */
function writeVarint(out: Uint8Array, at: number, value: number): number {
  let next = at;
  let rest = value;
  while (rest >= 0x80) {
    out[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[next++] = rest;
  return next;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++;
  return length;
}

/** `{configSource: {ads: {}, resourceApiVersion: V3}}` */
const OVER_ADS = Vhds.encode(
  Vhds.fromPartial({ configSource: { configSourceSpecifier: { $case: 'ads', value: {} }, resourceApiVersion: ApiVersion.V3 } }),
).finish();

/** A route configuration whose other virtual hosts are asked for one by one (VHDS). */
export const encodeVhdsRouteConfiguration = (name: string, hosts: readonly VirtualHostParts[]): Uint8Array =>
  Buffer.concat([encodeRouteConfiguration(name, hosts), new BinaryWriter().uint32(tag(ROUTE_CONFIGURATION.vhds)).bytes(OVER_ADS).finish()]);

/** A virtual host on its own, under another name than its parts have. */
export function encodeVirtualHost(name: string, host: VirtualHostParts): Uint8Array {
  let nameEnd = 1;
  let length = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    const byte = host.head[nameEnd++] as number;
    length |= (byte & 0x7f) << shift;
    more = byte >= 0x80;
  }
  return Buffer.concat([
    encodeHead(name, []),
    host.head.subarray(nameEnd + length),
    ...host.routes.map(({ specific }) => specific),
    ...host.routes.map(({ catchAll }) => catchAll),
    tailOf(host),
  ]);
}

/** What Envoy gets for a name that nothing is known of: it must not wait for it (XD-009). */
export const encodeUnknownRouteConfiguration = (name: string): Uint8Array =>
  Buffer.concat([encodeName(name), new BinaryWriter().uint32(tag(ROUTE_CONFIGURATION.validateClusters)).uint32(0).finish()]);
