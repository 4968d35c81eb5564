/**
 * Values in an AuthorizationPolicy's rules, and the attributes that conditions may name.
 * https://istio.io/latest/docs/reference/config/security/conditions/
 */
import { subnet } from './names.js';

type Values = readonly string[] | undefined;

export const notEmpty = (values: Values): string | undefined => (values?.includes('') === true ? 'must not have an empty value' : undefined);

/** The first message that a check gives for any of the values. */
const first = (values: Values, check: (value: string) => string | undefined): string | undefined =>
  values?.map(check).find((message) => message !== undefined);

export const subnets = (values: Values): string | undefined => notEmpty(values) ?? first(values, (value) => subnet(value));

export const ports = (values: Values): string | undefined =>
  first(values, (value) => (/^\d+$/.test(value) && Number(value) <= 65535 ? undefined : `'${value}' is no port`));

function wildcard(value: string): string | undefined {
  const stars = value.split('*').length - 1;
  if (stars > 1) return `'${value}' must have one wildcard at most`;
  return stars === 1 && !value.startsWith('*') && !value.endsWith('*') ? `'${value}': a wildcard must be at the start or the end` : undefined;
}

export const trustDomain = (values: Values): string | undefined =>
  notEmpty(values) ?? first(values, (value) => wildcard(value) ?? (value.includes('/') ? `'${value}' must not have a '/'` : undefined));

/** `name` or `namespace/name`. */
export function serviceAccount(values: Values): string | undefined {
  if ((values ?? []).length > 16) return 'must not have more than 16 values';
  return first(values, (value) => {
    const parts = value.split('/');
    if (value.includes('*')) return `'${value}' must not have a wildcard`;
    if (value.length > 320) return 'must not have more than 320 characters';
    return parts.length > 2 || parts.includes('') ? `'${value}' must be of the form name or namespace/name` : undefined;
  });
}

/** Paths may hold `{*}` for one segment and, as the last one, `{**}` for the rest. */
export const pathTemplate = (values: Values): string | undefined =>
  first(values, (path) => {
    const segments = path.replace(/^\/+|\/+$/g, '').split('/');
    const template = path.includes('{*}') || path.includes('{**}');
    const rest = segments.indexOf('{**}');
    for (const [index, segment] of segments.entries()) {
      const operator = segment === '{*}' || segment === '{**}';
      if (operator && rest >= 0 && index > rest) return `'${path}': nothing may follow the operator {**}`;
      if (operator) continue;
      if (/[{}]/.test(segment)) return `'${path}': '{' and '}' are only allowed as {*} and {**}, each a whole segment`;
      if (template && !/^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/.test(segment))
        return `'${path}': segment '${segment}' must not stand in a path with {*} or {**}`;
    }
    return undefined;
  });

const mapKey = (key: string): string | undefined => (/^[^[]+\[.+\]$/s.test(key) ? undefined : `'${key}' must be of the form name[key]`);

/** Attributes that need no check beyond having values. */
const PLAIN = new Set([
  'source.namespace',
  'source.principal',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'connection.sni',
]);

/** A condition's values for the attribute it names. */
export function attribute(key: string, values: Values): string | undefined {
  const empty = notEmpty(values);
  if (empty !== undefined || PLAIN.has(key)) return empty;
  if (['request.headers', 'request.auth.claims', 'experimental.envoy.filters.'].some((prefix) => key.startsWith(prefix))) return mapKey(key);
  if (['source.ip', 'remote.ip', 'destination.ip'].includes(key)) return subnets(values);
  if (key === 'source.serviceAccount') return serviceAccount(values);
  if (key === 'source.trustDomain') return first(values, wildcard);
  if (key === 'destination.port') return ports(values);
  if (key === 'destination.namespace') return 'destination.namespace is no attribute any more; the namespace of the policy says it';
  if (key.startsWith('destination.labels')) return 'destination.labels is no attribute any more; the selector says it';
  return `'${key}' is no attribute`;
}
