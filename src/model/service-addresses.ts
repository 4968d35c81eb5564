/**
 * The addresses by which a proxy's applications call a service: the one place that decides it, for listeners, routes and the name table
 * (SD-032, SD-048, SD-058).
 */
import { hasBothFamilies, hasOnlyIpv6, type IpMode, type ProxyType } from './proxy.js';
import type { Service } from './service.js';

/** What the choice depends on at the proxy. */
export interface AddressScope {
  readonly type: ProxyType;
  readonly ipMode: IpMode;
  readonly dnsCapture: boolean;
  /** The cluster that the proxy says it is in. */
  readonly clusterId: string;
}

/** "Any address": of a service without one. */
export const ANY_ADDRESS = '0.0.0.0';

/**
 * In order of preference; `0.0.0.0` alone when there is none. A ServiceEntry's own addresses are its author's choice, so they hold for
 * either family. Allocated ones reach a workload only where the proxy answers its DNS questions.
 */
export function serviceAddresses(service: Service, { type, ipMode, dnsCapture, clusterId }: AddressScope): readonly string[] {
  if (service.registry === 'Kubernetes') {
    const reachable = inReach(addressesIn(service, clusterId), ipMode);
    return reachable.length > 0 ? reachable : [service.address];
  }
  if (service.address === ANY_ADDRESS && (dnsCapture || type === 'waypoint')) {
    const allocated = inReach(service.autoAllocatedAddresses ?? [], ipMode);
    if (allocated.length > 0) return allocated;
  }
  return [service.address];
}

/**
 * Those of {@link serviceAddresses} that a client can call the service by: none of a Kubernetes service whose addresses are all of the family that
 * the client has not (SD-010). A listener needs an address all the same.
 */
export function reachableAddresses(service: Service, scope: AddressScope): readonly string[] {
  const addresses = serviceAddresses(service, scope);
  if (service.registry !== 'Kubernetes') return addresses;
  return addresses.filter((address) => address === ANY_ADDRESS || isReachable(address, scope.ipMode));
}

/** A client sees its own cluster's addresses; those of the first cluster where its own has none (CL-003). */
function addressesIn(service: Service, clusterId: string): readonly string[] {
  const own = service.clusters?.find(({ cluster }) => cluster === clusterId)?.addresses ?? [];
  return own.length > 0 ? own : service.addresses;
}

/** A proxy that listens on one family only has a service's first one, whichever that is, as in the reference. */
function inReach(addresses: readonly string[], ipMode: IpMode): readonly string[] {
  const isIPv6 = (address: string | undefined): boolean => address?.includes(':') === true;
  return addresses.filter((address) => (ipMode === 'dual-v4' ? isIPv6(address) === isIPv6(addresses[0]) : isReachable(address, ipMode)));
}

const isReachable = (address: string, ipMode: IpMode): boolean => hasBothFamilies(ipMode) || address.includes(':') === hasOnlyIpv6(ipMode);
