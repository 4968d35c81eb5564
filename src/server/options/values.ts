/** What the texts of options mean; each parser says what is wrong by throwing an Error. */
import { MILLISECOND, parseDuration } from '../../api/duration.js';
import { addressGuard } from '../../sources/jwks/address-guard.js';
import { commaSeparated } from './setting.js';

/** Where to listen; port 0 is a free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[v6]:PORT`, or `off`. */
export function parseAddress(text: string): Address | undefined {
  if (text === 'off') return undefined;
  const at = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(at, 0)).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(at + 1));
  if (at < 1 || host === '' || !/^\d+$/.test(text.slice(at + 1)) || port > 65535)
    throw new Error(`${JSON.stringify(text)} is not HOST:PORT (or off)`);
  return { host, port };
}

/** The reverse of {@link parseAddress}. */
export const formatAddress = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** A duration such as `10ms` in milliseconds. */
export function parseMs(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds < 0) throw new Error(`${JSON.stringify(text)} is not a duration such as 10ms or 1s`);
  return nanoseconds / MILLISECOND;
}

/** A number, or `off`. */
export function parseCount(text: string): number | undefined {
  if (text === 'off') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a number (or off)`);
  return Number(text);
}

/** A number that lets something through. */
export function parseLimit(text: string): number {
  const count = parseCount(text);
  if (count === undefined || count === 0) throw new Error(`${JSON.stringify(text)} is not a number above 0`);
  return count;
}

/** Shorter, and proxies would do nothing but connect. */
export function connectionAge(text: string): number {
  const ms = parseMs(text);
  if (ms < 1_000 || ms > MAX_TIMER) throw new Error(`${JSON.stringify(text)}: connections live from 1s to 500h`);
  return ms;
}

/** A ping needs time to be answered. */
export function keepaliveInterval(text: string): number {
  const ms = parseMs(text);
  if (ms < 1_000 || ms > MAX_TIMER) throw new Error(`${JSON.stringify(text)}: pings go from every 1s to every 500h`);
  return ms;
}

/** Timers hold 32 bits of milliseconds. */
const MAX_TIMER = 1_800_000_000;

/** A certificate must outlive a slow push, and no more than the authority grants. */
export function certificateTtl(text: string): number {
  const ms = parseMs(text);
  if (ms < 10_000 || ms > 7_776_000_000) throw new Error(`${JSON.stringify(text)}: certificates live from 10s to 2160h`);
  return ms;
}

/** Base URL of a collector. */
export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new Error(`${JSON.stringify(text)} is no http or https URL`);
  return text;
}

/** Addresses and CIDR blocks with commas between them. */
export function addressBlocks(text: string): readonly string[] {
  const blocks = commaSeparated(text);
  addressGuard(blocks);
  return blocks;
}

/** One of some words. */
export function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error(`${JSON.stringify(text)} is not one of ${choices.join(', ')}`);
    return found;
  };
}
