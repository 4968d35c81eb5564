/**
 * Everything that `mizzen serve` can be told, in one table: flag, environment variable, default and what a text means.
 * The command line and the tests both read it, so a default is written once.
 */
import { IDENTITY_SETTINGS } from './options/identity.js';
import { KUBERNETES_SETTINGS } from './options/kubernetes.js';
import { LOG_SETTINGS } from './options/logs.js';
import { PROXY_SETTINGS } from './options/proxies.js';
import { SERVING_SETTINGS } from './options/serving.js';
import type { Setting } from './options/setting.js';
import { SOURCE_SETTINGS } from './options/sources.js';

export { defaultDataDir } from './options/identity.js';
export type { Setting } from './options/setting.js';
export { type Address, formatAddress, parseAddress, parseCount, parseMs } from './options/values.js';

/** The options, by name, in the order of help. */
export const SETTINGS = {
  ...SOURCE_SETTINGS,
  ...KUBERNETES_SETTINGS,
  ...SERVING_SETTINGS,
  ...IDENTITY_SETTINGS,
  ...PROXY_SETTINGS,
  ...LOG_SETTINGS,
} as const;

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
