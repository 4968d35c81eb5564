/**
 * Conditions of filter chains on outbound listeners: when a chain takes everything, when two chains collide (Envoy refuses a listener
 * with equal matches), and Envoy's FilterChainMatch. SD-066, SD-067.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
 */
import { isIP } from 'node:net';
import type { FilterChainMatch } from '@envoyproxy/xds-protos/envoy/config/listener/v3/listener_components.js';
import ipaddr from 'ipaddr.js';
import type { Partial } from '../proto.js';

/** Condition of one outbound chain; every field is optional in meaning: empty matches all. */
export interface ChainMatch {
  readonly serverNames: readonly string[];
  /** IPs and CIDRs of the original destination. */
  readonly destinations: readonly string[];
  readonly applicationProtocols: readonly string[];
  readonly transportProtocol: '' | 'raw_buffer' | 'tls';
}

export const MATCH_ALL: ChainMatch = { serverNames: [], destinations: [], applicationProtocols: [], transportProtocol: '' };

/**
 * Plain HTTP as the http_inspector reports it. HTTP/1.0 is left out: it passes as a byte stream, also at proxies that accept it
 * (node metadata HTTP10), as in the reference.
 */
export const PLAINTEXT_HTTP = ['http/1.1', 'h2c'] as const;

const hasAnyName = (match: ChainMatch): boolean => match.serverNames.length === 0 || match.serverNames.includes('*');

export const matchesAll = (match: ChainMatch): boolean =>
  hasAnyName(match) && match.destinations.length === 0 && match.applicationProtocols.length === 0 && match.transportProtocol === '';

/** True when Envoy could not tell the two apart: the later chain has to go. */
export function sameMatch(a: ChainMatch, b: ChainMatch): boolean {
  return (
    a.transportProtocol === b.transportProtocol &&
    a.applicationProtocols.join() === b.applicationProtocols.join() &&
    sameSet(a.serverNames.filter(notStar), b.serverNames.filter(notStar)) &&
    sameSet(ranges(a.destinations).map(canonical), ranges(b.destinations).map(canonical))
  );
}

const notStar = (name: string): boolean => name !== '*';

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((value) => right.has(value));
}

/** undefined for a chain that takes everything. */
export function translateMatch(match: ChainMatch): Partial<FilterChainMatch> | undefined {
  if (matchesAll(match)) return undefined;
  const prefixRanges = distinct(ranges(match.destinations.toSorted())).map(({ text, length }) => ({ addressPrefix: text, prefixLen: length }));
  return {
    ...(hasAnyName(match) ? {} : { serverNames: [...new Set(match.serverNames)].sort() }),
    ...(prefixRanges.length === 0 ? {} : { prefixRanges }),
    ...(match.applicationProtocols.length === 0 ? {} : { applicationProtocols: [...match.applicationProtocols] }),
    ...(match.transportProtocol === '' ? {} : { transportProtocol: match.transportProtocol }),
  };
}

interface Range {
  readonly text: string;
  readonly length: number;
}

/** Parses IPs and CIDRs. `0.0.0.0` stands for no condition, and what is no address is left out. */
function ranges(destinations: readonly string[]): Range[] {
  const found: Range[] = [];
  for (const destination of destinations) {
    const slash = destination.indexOf('/');
    const text = slash < 0 ? destination : destination.slice(0, slash);
    const bits = slash < 0 ? (text.includes(':') ? '128' : '32') : destination.slice(slash + 1);
    if (text === '0.0.0.0' || isIP(text) === 0 || !ipaddr.isValidCIDR(`${text}/${bits}`)) continue;
    found.push({ text, length: Number(bits) });
  }
  return found;
}

/** Envoy takes a range that a chain has twice for two chains that it can't tell apart. */
const distinct = (all: readonly Range[]): Range[] => [...new Map(all.toReversed().map((range) => [canonical(range), range])).values()].toReversed();

/** The network that a range means: 10.1.2.3/8 and 10.0.0.0/8 are one. */
function canonical({ text, length }: Range): string {
  const network = text.includes(':')
    ? ipaddr.IPv6.networkAddressFromCIDR(`${text}/${length}`)
    : ipaddr.IPv4.networkAddressFromCIDR(`${text}/${length}`);
  return `${network.toString()}/${length}`;
}
