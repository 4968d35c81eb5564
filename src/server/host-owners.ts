/**
 * `--host-owners FILE`: a YAML list of `{ host, namespaces }` in which the operator gives names and addresses to namespaces, for
 * `--host-ownership strict`. Read once, at the start: it belongs to the command line, not to what tenants may write.
 */
import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { parse } from 'yaml';
import { isObject } from '../api/convert.js';
import { DEFAULT_SETTINGS } from '../model/define-mesh.js';
import type { HostGrant } from '../model/host-ownership.js';
import type { ModelSettings } from '../model/services.js';

export const HOST_OWNERSHIP = ['off', 'strict'] as const;

/** What was asked for on the command line. */
export interface HostOwnershipOptions {
  readonly hostOwnership?: (typeof HOST_OWNERSHIP)[number] | undefined;
  readonly hostOwners?: string | undefined;
}

/** Settings of a model in which hosts have owners if that was asked for. Throws for a file that is no list of grants. */
export function modelSettings({ hostOwnership = 'off', hostOwners }: HostOwnershipOptions): ModelSettings {
  if (hostOwnership === 'off') {
    if (hostOwners !== undefined) throw new Error('--host-owners needs --host-ownership strict');
    return DEFAULT_SETTINGS;
  }
  return { ...DEFAULT_SETTINGS, hostGrants: hostOwners === undefined ? [] : readGrants(hostOwners) };
}

function readGrants(file: string): readonly HostGrant[] {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`--host-owners: ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (!Array.isArray(value)) throw new Error(`--host-owners: ${file}: must be a list of {host, namespaces}`);
  return value.map((entry: unknown, index) => {
    const refuse = (what: string): Error => new Error(`--host-owners: ${file}: entry ${index + 1}: ${what}`);
    if (!isObject(entry) || Object.keys(entry).some((key) => key !== 'host' && key !== 'namespaces')) throw refuse('must be {host, namespaces}');
    const { host, namespaces } = entry;
    if (typeof host !== 'string' || !isPattern(host)) throw refuse(`host ${JSON.stringify(host)} is no host, *.suffix, address or CIDR block`);
    if (!Array.isArray(namespaces) || namespaces.length === 0 || !namespaces.every((name) => typeof name === 'string' && name !== ''))
      throw refuse('namespaces must be a list of names');
    return { host, namespaces: namespaces as string[] };
  });
}

/** A star stands for whole labels at the beginning, nowhere else. */
const isPattern = (host: string): boolean =>
  host === '*' || ipaddr.isValid(host) || ipaddr.isValidCIDR(host) || /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host);
