/**
 * Addresses for ServiceEntries without any (SD-048): one of 240.240.0.0/16 and one of 2001:2::/48 for each host, so that byte streams to
 * different hosts can be told apart once the proxy's resolver answers with them.
 *
 * No counter and no table: a host's hash names the places that it tries in turn, and it has the first that no older host holds. Each
 * host therefore depends on the few that try the same places, every replica comes to the same addresses, and a new host moves no older one.
 */
import ipaddr from 'ipaddr.js';
import type { ServiceEntry } from '../api/istio.js';
import type { Collection, Graph } from '../graph/graph.js';
import { isWildcard } from './hosts.js';

/** The IPv4 and IPv6 address of one host. */
export type AutoAddresses = readonly string[];

export interface AutoAddressing {
  /** Addresses of a host of an entry; none where the entry has its own, or does not want any. */
  of(entry: ServiceEntry, host: string): AutoAddresses;
}

const NO_ADDRESSES: AutoAddresses = [];
/** Last bytes 1 to 254 only: 0 and 255 look like a network's own and its broadcast address. */
const PER_BLOCK = 254;
const PLACES = 256 * PER_BLOCK;
/** With a tenth of the places taken one host of a million finds none. */
const TRIES = 6;
const OPT_OUT = 'networking.istio.io/enable-autoallocate-ip';

const addressesAt = (place: number): AutoAddresses => [
  `240.240.${Math.floor(place / PER_BLOCK)}.${(place % PER_BLOCK) + 1}`,
  `2001:2::${(place + 1).toString(16)}`,
];

/** Hosts of an entry that want an address. Unknown destinations (NONE) cannot be reached by it, nor can a wildcard that nobody resolves. */
export function hostsWithoutAddress({ spec, metadata }: ServiceEntry): readonly string[] {
  if ((spec.addresses ?? []).length > 0 || (spec.resolution ?? 'NONE') === 'NONE') return [];
  if (metadata.labels[OPT_OUT]?.toLowerCase() === 'false') return [];
  const hosts = (spec.hosts ?? []).map((host) => host.toLowerCase());
  return [...new Set(hosts)].filter((host) => spec.resolution === 'DYNAMIC_DNS' || !isWildcard(host));
}

export function defineAutoAddresses(graph: Graph, entries: Collection<ServiceEntry>): AutoAddressing {
  // Entries of one namespace share the address of a host that they have in common: together they are one service.
  const ownersIn = (row: ServiceEntry): string[] =>
    hostsWithoutAddress(row)
      .filter((host) => given(row, host).length === 0)
      .map((host) => `${row.metadata.namespace}/${host}`);
  const byOwner = entries.index('autoAddressOwner', ownersIn);
  const byPlace = entries.index('autoAddressPlace', (row) => new Set(ownersIn(row).flatMap((owner) => places(owner).map(String))));
  const stated = entries.index('statedAddress', (row) => [
    ...(row.spec.addresses ?? []),
    ...(row.spec.hosts ?? []).flatMap((host) => given(row, host.toLowerCase())),
  ]);

  const ageOf = (owner: string): number => Math.min(...[...byOwner.get(owner).values()].map((row) => row.createdAt));
  const isOlder = (a: string, b: string): boolean => {
    const [left, right] = [ageOf(a), ageOf(b)];
    return left === right ? a < b : left < right;
  };
  /** Key: `namespace/host`. The place it holds, -1 for none. Asks older hosts only, so it comes to an end. */
  const placeOf = graph.query('autoAddressPlaceOf', (owner: string): number => {
    for (const place of places(owner)) {
      if (addressesAt(place).some((address) => stated.get(address).size > 0)) continue;
      const rivals = new Set([...byPlace.get(String(place)).values()].flatMap((row) => ownersIn(row)));
      const isTaken = [...rivals].some(
        (rival) => rival !== owner && places(rival).includes(place) && isOlder(rival, owner) && placeOf.get(rival) === place,
      );
      if (!isTaken) return place;
    }
    return -1;
  });

  return {
    of(entry, host) {
      if (!hostsWithoutAddress(entry).includes(host)) return NO_ADDRESSES;
      const known = given(entry, host);
      if (known.length > 0) return known;
      const place = placeOf.get(`${entry.metadata.namespace}/${host}`);
      return place < 0 ? NO_ADDRESSES : addressesAt(place);
    },
  };
}

/** Addresses that a controller wrote into the entry's status: they hold, whoever allocated them. */
function given(row: ServiceEntry, host: string): AutoAddresses {
  const { addresses } = (row.status ?? {}) as { addresses?: readonly { value?: string; host?: string }[] };
  if (!Array.isArray(addresses)) return NO_ADDRESSES;
  return addresses.flatMap(({ value, host: of }) => (of?.toLowerCase() === host && value !== undefined && ipaddr.isValid(value) ? [value] : []));
}

/** The places that a host tries, in turn: double hashing, so that two hosts which share one place seldom share the next. */
function places(owner: string): readonly number[] {
  const start = fnv1a(owner);
  // PLACES is 2^9 · 127: a step that neither divides comes by every place.
  let step = (fnv1a(`${owner}#`) % PLACES) | 1;
  if (step % 127 === 0) step += 2;
  return Array.from({ length: TRIES }, (_, i) => (start + i * step) % PLACES);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
