/**
 * The addresses by which a proxy's applications call a service: the one place that decides it, for listeners, routes and the name table
 * (SD-032, SD-048, SD-058).
 */
import type { IpMode, ProxyType } from './proxy.js';
import type { Service } from './service.js';

/** What the choice depends on at the proxy. */
export interface AddressScope {
  readonly type: ProxyType;
  readonly ipMode: IpMode;
  readonly dnsCapture: boolean;
}

/** "Any address": of a service without one. */
export const ANY_ADDRESS = '0.0.0.0';

/**
 * In order of preference; `0.0.0.0` alone when there is none. A ServiceEntry's own addresses are its author's choice, so they hold for
 * either family. Allocated ones reach a workload only where the proxy answers its DNS questions.
 */
export function serviceAddresses(service: Service, { type, ipMode, dnsCapture }: AddressScope): readonly string[] {
  if (service.registry === 'Kubernetes') {
    const reachable = service.addresses.filter((address) => isReachable(address, ipMode));
    return reachable.length > 0 ? reachable : [service.address];
  }
  if (service.address === ANY_ADDRESS && (dnsCapture || type === 'waypoint')) {
    const allocated = (service.autoAllocatedAddresses ?? []).filter((address) => isReachable(address, ipMode));
    if (allocated.length > 0) return allocated;
  }
  return [service.address];
}

const isReachable = (address: string, ipMode: IpMode): boolean => ipMode === 'dual' || address.includes(':') === (ipMode === 'ipv6');
