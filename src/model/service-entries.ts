/**
 * ServiceEntry → Services, one per host and address (SD-032 to SD-041, SD-045).
 * https://istio.io/latest/docs/reference/config/networking/service-entry/
 */
import ipaddr from 'ipaddr.js';
import type { ServiceEntry, ServiceEntrySpec } from '../api/istio.js';
import { keyOf } from '../api/resource.js';
import type { AutoAddresses } from './auto-addresses.js';
import { type ServiceContextIn, trafficDistribution, UNSPECIFIED } from './kubernetes-service.js';
import { limitVisibility } from './namespace-defaults.js';
import { hasSessions } from './persistent-session.js';
import { parseProtocol } from './protocol.js';
import type { Port, Resolution, Service } from './service.js';
import { parseVisibility } from './visibility.js';

const RESOLUTIONS: Readonly<Record<string, Resolution>> = {
  NONE: 'Passthrough',
  STATIC: 'EDS',
  DNS: 'DNS',
  DNS_ROUND_ROBIN: 'DNSRoundRobin',
  DYNAMIC_DNS: 'DynamicDNS',
};

/** All services of one entry in the order host, address. `allocated` gives the addresses that were allocated to a host. */
export function fromServiceEntry(row: ServiceEntry, context: ServiceContextIn, allocated: (host: string) => AutoAddresses): readonly Service[] {
  const { spec } = row;
  const addresses = (spec.addresses ?? []).map(bindAddress).filter((address) => address !== undefined);
  return (spec.hosts ?? []).flatMap((host) =>
    (addresses.length === 0 ? [UNSPECIFIED] : addresses).map((address) => toService(row, host.toLowerCase(), address, context, allocated)),
  );
}

/** An IP as it is, a CIDR of a single address as that address, other CIDRs as they are; undefined when it is neither. */
function bindAddress(text: string): string | undefined {
  if (ipaddr.isValid(text)) return text;
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, bits] = ipaddr.parseCIDR(text);
  return bits === (address.kind() === 'ipv4' ? 32 : 128) ? address.toString() : text;
}

function toService(
  row: ServiceEntry,
  hostname: string,
  address: string,
  context: ServiceContextIn,
  allocated: (host: string) => AutoAddresses,
): Service {
  const { spec } = row;
  const { namespace, labels, annotations } = row.metadata;
  const auto = address === UNSPECIFIED ? allocated(hostname) : [];
  const selector = spec.workloadSelector?.labels;
  return {
    key: `e:${keyOf(row)}|${hostname}|${address}`,
    hostname,
    name: hostname,
    namespace,
    registry: 'External',
    ports: (spec.ports ?? []).map(toPort),
    resolution: RESOLUTIONS[spec.resolution ?? 'NONE'] ?? 'Passthrough',
    address,
    addresses: address === UNSPECIFIED ? [] : [address],
    ...(auto.length > 0 && { autoAllocatedAddresses: auto }),
    isHeadless: false,
    meshExternal: spec.location !== 'MESH_INTERNAL',
    visibility: limitVisibility(parseVisibility(spec.exportTo, namespace, context.defaultExportTo), namespace, context.entryVisibility),
    labels,
    ...(selector !== undefined && Object.keys(selector).length > 0 && { selector }),
    serviceAccounts: [...(spec.subjectAltNames ?? [])].sort(),
    internalTrafficPolicyLocal: false,
    publishNotReadyAddresses: false,
    ...trafficDistribution(undefined, annotations, context),
    ...(annotations['istio.io/connect-strategy']?.toUpperCase() === 'RACE_FIRST_TCP_CONNECT' && { racesConnects: true }),
    persistentSession: hasSessions(labels),
    aliases: [],
    createdAt: row.createdAt,
    from: { kind: 'ServiceEntry', key: keyOf(row) },
  };
}

function toPort(port: NonNullable<ServiceEntrySpec['ports']>[number]): Port {
  return {
    name: port.name ?? '',
    port: Number(port.number),
    protocol: parseProtocol(port.protocol),
    ...(port.targetPort !== undefined && Number(port.targetPort) !== 0 && { targetPort: Number(port.targetPort) }),
  };
}
