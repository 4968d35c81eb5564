/** Addresses that were given to ServiceEntries, as status (SD-048, ST-004), in Istio's form. Pure. */
import type { ServiceEntry } from '../api/istio.js';
import { hostsWithoutAddress } from '../model/auto-addresses.js';
import { headOf, type StatusDraft } from './draft.js';

/** Undefined where there is nothing to say, and nothing was said. */
export function serviceEntryDraft(row: ServiceEntry, addressesOf: (host: string) => readonly string[]): StatusDraft | undefined {
  const hosts = hostsWithoutAddress(row);
  if (hosts.length === 0 && !hasAddresses(row)) return undefined;
  const addresses = hosts.flatMap((host) => addressesOf(host).map((value) => ({ value, host })));
  return { ...headOf(row), fields: { addresses } };
}

/** An entry that wants no addresses any more loses those that it had. */
function hasAddresses({ status }: ServiceEntry): boolean {
  const { addresses } = (status ?? {}) as { addresses?: unknown };
  return Array.isArray(addresses) && addresses.length > 0;
}
