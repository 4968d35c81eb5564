/**
 * Everything that `mizzen serve` can be told, in one table: flag, environment variable, default and what a text means.
 * The command line and the tests both read it, so a default is written once.
 */
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MILLISECOND, parseDuration } from '../api/duration.js';
import { addressGuard } from '../sources/jwks/address-guard.js';
import { type OidcIssuerOption, parseOidcIssuers } from './oidc.js';

/** One option. Its environment variable is `MIZZEN_` and the flag in capitals. */
export interface Setting<T> {
  readonly flag: string;
  /** As help shows the value: `<dir>`. */
  readonly argument: string;
  readonly help: string;
  readonly default: T;
  /** Several values may be given. */
  readonly isList?: boolean;
  /** Says what is wrong by throwing an Error. */
  readonly parse: (text: string) => T;
}

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

/** Addresses and CIDR blocks with commas between them. */
function addressBlocks(text: string): readonly string[] {
  const blocks = text.split(',').filter((block) => block !== '');
  addressGuard(blocks);
  return blocks;
}

function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error(`${JSON.stringify(text)} is not one of ${choices.join(', ')}`);
    return found;
  };
}

/** The user's folder for what a program must remember (XDG base directories). */
export const defaultDataDir = (): string => join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'mizzen');

const setting = <T>(it: Setting<T>): Setting<T> => it;

/** The options, by name. */
export const SETTINGS = {
  config: setting<readonly string[]>({
    flag: 'config',
    argument: '<path...>',
    help: 'files and folders of mesh configuration, watched',
    default: [],
    isList: true,
    parse: (text) => text.split(delimiter).filter((path) => path !== ''),
  }),
  meshConfig: setting<string | undefined>({
    flag: 'mesh-config',
    argument: '<file>',
    help: 'MeshConfig as YAML, watched',
    default: undefined,
    parse: String,
  }),
  xdsAddress: setting<Address | undefined>({
    flag: 'xds-address',
    argument: '<host:port>',
    help: 'plaintext xDS, which never carries a secret, or off',
    default: { host: '127.0.0.1', port: 15010 },
    parse: parseAddress,
  }),
  xdsTlsAddress: setting<Address | undefined>({
    flag: 'xds-tls-address',
    argument: '<host:port>',
    help: 'xDS over TLS for proxies that prove who they are, or off',
    default: { host: '0.0.0.0', port: 15012 },
    parse: parseAddress,
  }),
  httpAddress: setting<Address | undefined>({
    flag: 'http-address',
    argument: '<host:port>',
    help: '/ready, /metrics and /debug, or off',
    default: { host: '127.0.0.1', port: 15014 },
    parse: parseAddress,
  }),
  dataDir: setting<string>({
    flag: 'data-dir',
    argument: '<dir>',
    help: 'keeps the root certificate, the key of join tokens and registered workloads',
    default: defaultDataDir(),
    parse: String,
  }),
  cacerts: setting<string | undefined>({
    flag: 'cacerts',
    argument: '<dir>',
    help: "sign with a CA of one's own: ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem",
    default: undefined,
    parse: String,
  }),
  caKeyType: setting<'ecdsa' | 'rsa'>({
    flag: 'ca-key-type',
    argument: '<type>',
    help: 'key of a root that is made: ecdsa (P-256) or rsa (3072 bits)',
    default: 'ecdsa',
    parse: oneOf('ecdsa', 'rsa'),
  }),
  caReload: setting<number>({
    flag: 'ca-reload',
    argument: '<duration>',
    help: 'how often the files of the CA are read again',
    default: 5_000,
    parse: parseMs,
  }),
  debounceAfter: setting<number>({
    flag: 'debounce-after',
    argument: '<duration>',
    help: 'quiet time before changes are taken over',
    default: 10,
    parse: parseMs,
  }),
  debounceMax: setting<number>({
    flag: 'debounce-max',
    argument: '<duration>',
    help: 'longest time that changes wait for quiet',
    default: 1000,
    parse: parseMs,
  }),
  vhdsThreshold: setting<number | undefined>({
    flag: 'vhds-threshold',
    argument: '<n>',
    help: 'route configurations with more virtual hosts than this are served host by host (VHDS) to sidecars without an agent on delta xDS, from Envoy 1.37 on; or off',
    default: 100,
    parse: parseCount,
  }),
  workloadGracePeriod: setting<number>({
    flag: 'workload-grace-period',
    argument: '<duration>',
    help: 'how long a registered workload outlives its last connection',
    default: 10_000,
    parse: parseMs,
  }),
  logFormat: setting<'json' | 'pretty'>({
    flag: 'log-format',
    argument: '<format>',
    help: 'json or pretty',
    default: process.stdout.isTTY === true ? 'pretty' : 'json',
    parse: oneOf('json', 'pretty'),
  }),
  logLevel: setting<LogLevel>({
    flag: 'log-level',
    argument: '<level>',
    help: 'debug, info, warn, error or silent',
    default: 'info',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
  }),
  oidcIssuer: setting<readonly OidcIssuerOption[]>({
    flag: 'oidc-issuer',
    argument: '<issuer=jwks...>',
    help: 'issuers whose tokens of service accounts let workloads join, with an https URL or a file of their keys',
    default: [],
    isList: true,
    parse: parseOidcIssuers,
  }),
  oidcAudience: setting<string>({
    flag: 'oidc-audience',
    argument: '<audience>',
    help: 'whom tokens of those issuers must be meant for',
    default: 'istio-ca',
    parse: String,
  }),
  tlsSan: setting<readonly string[]>({
    flag: 'tls-san',
    argument: '<host...>',
    help: 'more names and addresses for the certificate of the TLS listener',
    default: [],
    isList: true,
    parse: (text) => text.split(',').filter((host) => host !== ''),
  }),
  jwksAllow: setting<readonly string[]>({
    flag: 'jwks-allow',
    argument: '<cidr...>',
    help: 'local addresses that keys of RequestAuthentications may be fetched from (loopback, link-local and metadata are refused)',
    default: [],
    isList: true,
    parse: addressBlocks,
  }),
} as const;

/** Least important message that is logged. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** All options with their values. */
export type ServeOptions = { readonly [K in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[K]> };

/** Fills in the defaults. */
export function serveOptions(given: Partial<ServeOptions>): ServeOptions {
  const defaults = Object.fromEntries(Object.entries(SETTINGS).map(([name, { default: value }]) => [name, value]));
  // commander keeps a parsed `undefined` (an address that is off) as an empty text.
  const said = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, (value as unknown) === '' ? undefined : value]));
  return { ...defaults, ...said } as ServeOptions;
}
