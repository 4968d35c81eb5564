/**
 * The rules of Istio's CRDs that relate values to each other (in the CRDs they are CEL). One function per rule.
 * https://github.com/istio/api/blob/master/kubernetes/customresourcedefinitions.gen.yaml
 */
import { isIP } from 'node:net';
import { MILLISECOND, parseDuration } from '../duration.js';
import { parseRequestUri } from '../url.js';

type Text = Readonly<Record<string, unknown>>;
const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port <= 65535;

export const anyDuration = (value: string): string | undefined =>
  parseDuration(value) === undefined ? `'${value}' is no duration (such as 10s, 1h or 500ms)` : undefined;

export const noNegativeDuration = (value: string): string | undefined =>
  anyDuration(value) ?? (value.startsWith('-') ? 'must not be negative' : undefined);

export function durationOf1ms(value: string): string | undefined {
  return anyDuration(value) ?? (parseDuration(value)! >= MILLISECOND ? undefined : 'must be a duration of at least 1ms');
}

/** As the definitions' format `byte` has it: not empty, and with its padding. */
export const base64 = (value: string): string | undefined =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0 ? undefined : 'must be base64';

export const noWildcard = (value: string): string | undefined => (value.includes('*') ? 'must not have a wildcard' : undefined);
export const keysNoWildcard = (value: Text): string | undefined =>
  Object.keys(value).some((key) => key.includes('*')) ? 'must not have a wildcard in a label key' : undefined;
export const keysNotEmpty = (value: Text): string | undefined => (Object.hasOwn(value, '') ? 'must not have an empty key' : undefined);
export const notStar = (value: string): string | undefined => (value === '*' ? "must not be the bare wildcard '*'" : undefined);
export const mustBeEmpty = (value: string): string | undefined => (value === '' ? undefined : 'a reference to another namespace is not supported');

export const port = (value: number): string | undefined => (isPort(value) ? undefined : 'must be a port, 1 to 65535');
export function portKeys(value: Text): string | undefined {
  const bad = Object.keys(value).find((key) => !/^[+-]?\d+$/.test(key) || !isPort(Number(key)));
  return bad === undefined ? undefined : `'${bad}' must be a port, 1 to 65535`;
}
export function portNames(value: Text): string | undefined {
  const bad = Object.keys(value).find((key) => key.length >= 63 || !/^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(key));
  return bad === undefined ? undefined : `'${bad}' is no name for a port`;
}
export function uniqueNumbers(value: readonly { readonly number?: number }[]): string | undefined {
  const numbers = value.map((one) => one.number);
  const twice = numbers.find((one, index) => numbers.indexOf(one) !== index);
  return twice === undefined ? undefined : `has port number ${twice} twice`;
}

export const udsWithoutPorts = (value: { address?: string; ports?: object }): string | undefined =>
  value.address?.startsWith('unix://') === true && value.ports !== undefined ? 'a Unix socket must not have ports' : undefined;
export const udsAbsolute = (value: string): string | undefined =>
  value.startsWith('unix://') && !/^[/@]/.test(value.slice(7)) ? 'a Unix socket must be an absolute path or an abstract name (@…)' : undefined;
export const udsNotFolder = (value: string): string | undefined =>
  value.startsWith('unix://') && value.endsWith('/') ? 'a Unix socket must not be a folder' : undefined;
export const addressOrNetwork = (value: { address?: string; network?: string }): string | undefined =>
  value.address === undefined && value.network === undefined ? 'address is required' : undefined;

interface Entry {
  addresses?: string[];
  resolution?: string;
  endpoints?: unknown[];
}
export const cidrResolution = (value: Entry): string | undefined =>
  value.addresses?.some((address) => address.includes('/')) === true && !['NONE', 'STATIC'].includes(value.resolution ?? 'NONE')
    ? 'addresses: a CIDR range is only allowed with resolution NONE or STATIC'
    : undefined;
export const noneWithoutEndpoints = (value: Entry): string | undefined =>
  (value.resolution ?? 'NONE') === 'NONE' && value.endpoints !== undefined ? 'endpoints must not be set with resolution NONE' : undefined;
export const roundRobinEndpoint = (value: Entry): string | undefined =>
  value.resolution === 'DNS_ROUND_ROBIN' && (value.endpoints ?? []).length > 1
    ? 'endpoints: at most one is allowed with resolution DNS_ROUND_ROBIN'
    : undefined;

/** A number, or the name of a container's port. */
export const targetPort = (value: unknown): string | undefined =>
  value === null || typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65535)
    ? undefined
    : 'must be a port, 1 to 65535, or the name of one';
export const ingressHost = (value: string): string | undefined =>
  value === '' || (value.length <= 253 && /^(?:\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(value))
    ? undefined
    : `'${value}' must be a DNS name in lower case, or begin with *.`;
export const clusterIp = (value: string): string | undefined =>
  value === '' || value === 'None' || isIP(value) !== 0 ? undefined : `'${value}' must be an IP address, or None`;

export const httpUrl = (value: string): string | undefined =>
  ['http', 'https'].includes(parseRequestUri(value)?.scheme ?? '') ? undefined : 'must be an http:// or https:// URL';
export const wasmUrl = (value: string): string | undefined =>
  ['', 'http', 'https', 'file', 'oci'].includes((parseRequestUri(value) ?? parseRequestUri(`http://${value}`))?.scheme ?? '?')
    ? undefined
    : 'must be a URL with scheme http, https, file or oci';
export const hostEnvWithoutValue = (value: { value?: string; valueFrom?: string }): string | undefined =>
  value.valueFrom === 'HOST' && value.value !== undefined ? 'value may only be set when valueFrom is INLINE' : undefined;

export const waypointMatch = (value: { context?: string; waypoint?: object }): string | undefined =>
  (value.context === 'WAYPOINT') === (value.waypoint !== undefined) ? undefined : 'waypoint and context WAYPOINT go together';
export function serviceAccountsAlone(value: Text): string | undefined {
  const accounts = value['serviceAccounts'] !== undefined || value['notServiceAccounts'] !== undefined;
  const other = ['principals', 'notPrincipals', 'namespaces', 'notNamespaces'].find((field) => value[field] !== undefined);
  return accounts && other !== undefined ? `serviceAccounts and ${other} must not be set together` : undefined;
}
export const portMtlsNeedsSelector = (value: { portLevelMtls?: object; selector?: { matchLabels?: object } }): string | undefined =>
  value.portLevelMtls !== undefined && Object.keys(value.selector?.matchLabels ?? {}).length === 0
    ? 'portLevelMtls needs a selector with labels'
    : undefined;
export const upsertHasValue = (value: { operation?: string; value?: string }): string | undefined =>
  value.operation === 'UPSERT' && (value.value ?? '') === '' ? 'value must be set when operation is UPSERT' : undefined;
export const removeWithoutValue = (value: { operation?: string; value?: string }): string | undefined =>
  value.operation === 'REMOVE' && value.value !== undefined ? 'value must not be set when operation is REMOVE' : undefined;
