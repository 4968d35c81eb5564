/**
 * The rules of the Gateway API's CRDs that relate values to each other (in the CRDs they are CEL), routes' filters apart.
 * Values that the API server would default (group '', kind Service, …) may be missing. https://gateway-api.sigs.k8s.io/reference/spec/
 */
import { isIP } from 'node:net';
import { parseDuration, SECOND } from '../duration.js';

const DNS_LABELS = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const IPV4 = /^(\d{1,3}\.){3}\d{1,3}$/;

/** The first of the keys that comes twice. */
function twice(keys: readonly string[]): string | undefined {
  return keys.find((key, index) => keys.indexOf(key) !== index);
}

interface Reference {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  sectionName?: string;
  port?: number;
}

export const servicePort = (value: Reference): string | undefined =>
  (value.group ?? '') === '' && (value.kind ?? 'Service') === 'Service' && value.port === undefined ? 'port is required for a Service' : undefined;

export function parentRefs(value: readonly Reference[]): string | undefined {
  const target = (ref: Reference): string =>
    [ref.group ?? 'gateway.networking.k8s.io', ref.kind ?? 'Gateway', ref.namespace ?? '', ref.name].join('/');
  const section = (ref: Reference): string => `${ref.sectionName ?? ''}:${ref.port ?? ''}`;
  for (const ref of value) {
    const same = value.filter((other) => target(other) === target(ref));
    if (same.length < 2) continue;
    const kinds = new Set(same.map((other) => `${(other.sectionName ?? '') !== ''}:${(other.port ?? 0) !== 0}`));
    if (kinds.size > 1) return `several references to ${ref.name}: all or none must have a sectionName or port`;
    if (twice(same.map(section)) !== undefined) return `several references to ${ref.name} must differ in sectionName or port`;
  }
  return undefined;
}

export function targetRefsDistinct(value: readonly Reference[]): string | undefined {
  const target = (ref: Reference): string => `${ref.group}/${ref.kind}/${ref.name}`;
  for (const ref of value) {
    const same = value.filter((other) => target(other) === target(ref));
    if (same.length < 2) continue;
    if (same.some((other) => (other.sectionName ?? '') === '') || twice(same.map((other) => other.sectionName ?? '')) !== undefined)
      return `several references to ${ref.name} must each have a sectionName of their own`;
  }
  return undefined;
}

export const starAlone = (value: readonly string[]): string | undefined =>
  value.includes('*') && value.length > 1 ? "'*' must stand alone" : undefined;
export function uniqueNames(value: readonly { name?: string }[]): string | undefined {
  const name = twice(value.flatMap((one) => (one.name === undefined ? [] : [one.name])));
  return name === undefined ? undefined : `the name ${name} is used twice`;
}
export function uniquePorts(value: readonly { port?: number }[]): string | undefined {
  const port = twice(value.map((one) => String(one.port)));
  return port === undefined ? undefined : `port ${port} is used twice`;
}

interface Listener {
  name?: string;
  port?: number;
  protocol?: string;
  hostname?: string;
  tls?: { mode?: string };
}

export function listenerTls(value: readonly Listener[]): string | undefined {
  for (const { name, protocol, tls, hostname } of value) {
    if (['HTTP', 'TCP', 'UDP'].includes(protocol ?? '') && tls !== undefined) return `listener ${name}: tls must not be set for protocol ${protocol}`;
    if (protocol === 'HTTPS' && tls !== undefined && !['', 'Terminate'].includes(tls.mode ?? ''))
      return `listener ${name}: tls.mode must be Terminate for protocol HTTPS`;
    if (protocol === 'TLS' && tls === undefined) return `listener ${name}: tls must be set for protocol TLS`;
    if (['TCP', 'UDP'].includes(protocol ?? '') && (hostname ?? '') !== '')
      return `listener ${name}: hostname must not be set for protocol ${protocol}`;
  }
  return undefined;
}
export function distinctListeners(value: readonly Listener[]): string | undefined {
  const keys = value.filter((one) => one.port !== undefined).map((one) => `${one.port}/${one.protocol}/${one.hostname ?? ''}`);
  const same = twice(keys);
  return same === undefined ? undefined : `two listeners have the same port, protocol and hostname (${same})`;
}
export const terminateHasCertificates = (value: { mode?: string; certificateRefs?: unknown[]; options?: object }): string | undefined =>
  (value.mode ?? 'Terminate') === 'Terminate' && (value.certificateRefs ?? []).length === 0 && Object.keys(value.options ?? {}).length === 0
    ? 'certificateRefs or options must be set when mode is Terminate'
    : undefined;

interface Address {
  type?: string;
  value?: string;
}
export function addresses(value: readonly Address[]): string | undefined {
  const same = twice(value.flatMap((one) => (one.value === undefined ? [] : [`${one.type ?? 'IPAddress'} ${one.value}`])));
  return same === undefined ? undefined : `${same} is there twice`;
}
export function addressValue(address: Address): string | undefined {
  const { type = 'IPAddress', value } = address;
  if (value === undefined) return undefined;
  if (type === 'Hostname' && !DNS_LABELS.test(value.replace(/^\*\./, ''))) return 'value must be a host name';
  return type === 'IPAddress' && isIP(value) === 0 ? 'value must be an IP address' : undefined;
}

export function labelKeys(value: Readonly<Record<string, unknown>>): string | undefined {
  const bad = Object.keys(value).find((key) => {
    const [name, prefix] = key.split('/', 2).toReversed();
    return (
      key.split('/').length > 2 ||
      !/^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/.test(name!) ||
      (prefix !== undefined && (prefix.length > 253 || !DNS_LABELS.test(prefix)))
    );
  });
  return bad === undefined ? undefined : `'${bad}' is no label key`;
}

export function caOrWellKnown(value: { caCertificateRefs?: unknown[]; wellKnownCACertificates?: string }): string | undefined {
  const refs = (value.caCertificateRefs ?? []).length > 0;
  const known = (value.wellKnownCACertificates ?? '') !== '';
  return refs === known ? 'exactly one of caCertificateRefs and wellKnownCACertificates must be set' : undefined;
}
export function subjectAltName(value: { type?: string; hostname?: string; uri?: string }): string | undefined {
  if ((value.type === 'Hostname') !== ((value.hostname ?? '') !== '')) return 'hostname and type Hostname go together';
  return (value.type === 'URI') !== ((value.uri ?? '') !== '') ? 'uri and type URI go together' : undefined;
}

export function upToAnHour(value: string): string | undefined {
  const duration = parseDuration(value);
  return duration === undefined || duration > 3600 * SECOND ? 'must be a duration of at most 1h' : undefined;
}
export function routeHostnames(value: readonly string[]): string | undefined {
  const bad = value.find((host) => IPV4.test(host) || host.includes(':') || !DNS_LABELS.test(host.replace(/^\*\./, '')));
  return bad === undefined ? undefined : `'${bad}' must be a host name, with a wildcard only as its first label`;
}
