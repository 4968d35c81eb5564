/**
 * Patches of a route configuration (EF-010 to EF-012). Encoded ones are taken apart at the virtual hosts' borders only: a thousand virtual hosts
 * of which one is patched are one decoded and 999 copied.
 */
import { clone } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { decodeAs, encodeAs, envoyType } from './envoy-types.js';
import { mergeInto } from './merge.js';
import { ROUTE_CONFIGURATION, type RouteConfigurationMessage, VIRTUAL_HOST, type VirtualHostMessage } from './messages.js';
import { type Applied, isMerge, listsOf, type Patch, type Patches } from './patch.js';
import { matchesRouteConfiguration, type ServerPorts } from './route-match.js';
import { givesNames, type Kept, keptOf } from './unique-domains.js';
import { concerns, patchVirtualHost, type VirtualHostPatches } from './virtual-host.js';

/** Field numbers of envoy/config/route/v3/route.proto and route_components.proto. */
const VIRTUAL_HOSTS = 2;
const NAME = 1;
const DOMAINS = 2;

export const hasRoutePatches = (patches: Patches): boolean => patches.has('ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE');

/** Changes a decoded route configuration in place. */
export function patchRouteConfiguration(
  config: RouteConfigurationMessage,
  patches: Patches,
  ports: ServerPorts,
  applied: Applied,
  dropped: string[] = [],
): void {
  mergeConfiguration(config, patches, ports, applied);
  const own = hostPatches(config.name, patches, ports);
  config.virtualHosts = config.virtualHosts.flatMap((host) => patchVirtualHost(host, own, applied) ?? []);
  config.virtualHosts.push(...addedHosts(own, applied));
  if (applied.size === 0) return;
  const kept = keptOf(config.virtualHosts, dropped);
  config.virtualHosts = config.virtualHosts.flatMap((host, i) => withDomains(host, kept[i]) ?? []);
}

function withDomains(host: VirtualHostMessage, kept: Kept | undefined): VirtualHostMessage | undefined {
  if (kept === 'none') return undefined;
  if (kept !== undefined && kept !== 'all') host.domains = [...kept];
  return host;
}

/** The same for an encoded one. Undefined when no patch is about it. */
export function patchEncodedRoutes(
  bytes: Uint8Array,
  patches: Patches,
  ports: ServerPorts,
  applied: Applied,
  dropped: string[],
): Uint8Array | undefined {
  const { rest, hosts } = splitHosts(bytes);
  const type = envoyType(ROUTE_CONFIGURATION);
  const config = decodeAs<RouteConfigurationMessage>(type, rest);
  if (isAboutHosts(config.name, patches, ports)) {
    const whole = decodeAs<RouteConfigurationMessage>(type, bytes);
    patchRouteConfiguration(whole, patches, ports, applied, dropped);
    return encodeAs(type, whole);
  }
  mergeConfiguration(config, patches, ports, applied);
  const own = hostPatches(config.name, patches, ports);
  const hostType = envoyType(VIRTUAL_HOST);
  const patched = hosts.flatMap((host) => {
    if (!concerns(own, headOf(host))) return [host];
    const message = patchVirtualHost(decodeAs<VirtualHostMessage>(hostType, host), own, applied);
    return message === undefined ? [] : [encodeAs(hostType, message)];
  });
  const added = addedHosts(own, applied).map((host) => encodeAs(hostType, host));
  if (applied.size === 0) return undefined;
  const all = [...patched, ...added];
  return joinHosts(encodeAs(type, config), own.hosts.some(givesNames) ? unique(all, dropped) : all);
}

function unique(hosts: readonly Uint8Array[], dropped: string[]): readonly Uint8Array[] {
  const kept = keptOf(hosts.map(headOf), dropped);
  const type = envoyType(VIRTUAL_HOST);
  return hosts.flatMap((bytes, i) => {
    if (kept[i] === 'all') return [bytes];
    const host = withDomains(decodeAs<VirtualHostMessage>(type, bytes), kept[i]);
    return host === undefined ? [] : [encodeAs(type, host)];
  });
}

function mergeConfiguration(config: RouteConfigurationMessage, patches: Patches, ports: ServerPorts, applied: Applied): void {
  for (const patch of patches.of('ROUTE_CONFIGURATION')) {
    if (!isMerge(patch) || !matchesRouteConfiguration(config.name, patches.context, ports, patch)) continue;
    mergeInto(patch.type, config, patch.value as RouteConfigurationMessage, listsOf(patch));
    applied.add(patch.id);
  }
}

/** A merge into the list of virtual hosts needs the list. */
const isAboutHosts = (name: string, patches: Patches, ports: ServerPorts): boolean =>
  patches
    .of('ROUTE_CONFIGURATION')
    .some(
      (patch) => (patch.value as RouteConfigurationMessage).virtualHosts.length > 0 && matchesRouteConfiguration(name, patches.context, ports, patch),
    );

function hostPatches(name: string, patches: Patches, ports: ServerPorts): VirtualHostPatches {
  const isAbout = (patch: Patch): boolean => matchesRouteConfiguration(name, patches.context, ports, patch);
  return { hosts: patches.of('VIRTUAL_HOST').filter(isAbout), routes: patches.of('HTTP_ROUTE').filter(isAbout) };
}

function addedHosts({ hosts }: VirtualHostPatches, applied: Applied): VirtualHostMessage[] {
  return hosts
    .filter(({ operation }) => operation === 'ADD')
    .map((patch) => {
      applied.add(patch.id);
      return clone(patch.type, patch.value as VirtualHostMessage) as VirtualHostMessage;
    });
}

/** The virtual hosts' bytes, and those of everything else. */
function splitHosts(bytes: Uint8Array): { readonly rest: Uint8Array; readonly hosts: readonly Uint8Array[] } {
  const reader = new BinaryReader(bytes);
  const hosts: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    if (field === VIRTUAL_HOSTS && wireType === WireType.LengthDelimited) hosts.push(reader.bytes());
    else {
      reader.skip(wireType, field);
      rest.push(bytes.subarray(start, reader.pos));
    }
  }
  return { rest: Buffer.concat(rest), hosts };
}

function joinHosts(rest: Uint8Array, hosts: readonly Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter().raw(rest);
  for (const host of hosts) writer.tag(VIRTUAL_HOSTS, WireType.LengthDelimited).bytes(host);
  return writer.finish();
}

/** Name and domains of an encoded virtual host. */
function headOf(bytes: Uint8Array): { readonly name: string; readonly domains: readonly string[] } & Pick<VirtualHostMessage, 'domains'> {
  const reader = new BinaryReader(bytes);
  const domains: string[] = [];
  let name = '';
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === NAME) name = reader.string();
    else if (field === DOMAINS) domains.push(reader.string());
    else reader.skip(wireType, field);
  }
  return { name, domains };
}
