/**
 * The rules of the Gateway API's CRDs for the rules of HTTP and gRPC routes: matches, filters, timeouts, session persistence.
 * https://gateway-api.sigs.k8s.io/api-types/httproute/
 */
import { parseDuration } from '../duration.js';

interface PathModifier {
  type?: string;
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}
interface Filter {
  type?: string;
  requestRedirect?: { path?: PathModifier };
  urlRewrite?: { path?: PathModifier };
}
interface Rule {
  matches?: { path?: { type?: string } }[];
  filters?: Filter[];
  backendRefs?: { filters?: Filter[] }[];
}

const FIELD_OF: Readonly<Record<string, string>> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  ExtensionRef: 'extensionRef',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
};
const REPEATABLE = new Set(['RequestMirror', 'ExtensionRef', 'ExternalAuth']);

export function filterUnion(value: Readonly<Record<string, unknown>>): string | undefined {
  const wanted = FIELD_OF[String(value['type'])];
  if (wanted !== undefined && value[wanted] === undefined) return `${wanted} must be set for type ${String(value['type'])}`;
  const other = Object.values(FIELD_OF).find((field) => field !== wanted && value[field] !== undefined);
  return other === undefined ? undefined : `${other} must not be set for type ${String(value['type'])}`;
}
export function filtersOnce(value: readonly Filter[]): string | undefined {
  const types = value.map((filter) => filter.type ?? '').filter((type) => !REPEATABLE.has(type));
  const type = types.find((one, index) => types.indexOf(one) !== index);
  return type === undefined ? undefined : `filter ${type} must not be repeated`;
}
export const redirectOrRewrite = (value: readonly Filter[]): string | undefined =>
  value.some((filter) => filter.type === 'RequestRedirect') && value.some((filter) => filter.type === 'URLRewrite')
    ? 'RequestRedirect and URLRewrite must not be set together'
    : undefined;

export const percentOrFraction = (value: { percent?: number; fraction?: object }): string | undefined =>
  value.percent !== undefined && value.fraction !== undefined ? 'only one of percent and fraction may be set' : undefined;
export const fraction = (value: { numerator?: number; denominator?: number }): string | undefined =>
  (value.numerator ?? 0) <= (value.denominator ?? 100) ? undefined : 'numerator must not be above denominator';

export function pathModifier(value: PathModifier): string | undefined {
  if ((value.type === 'ReplaceFullPath') !== (value.replaceFullPath !== undefined)) return 'replaceFullPath and type ReplaceFullPath go together';
  return (value.type === 'ReplacePrefixMatch') !== (value.replacePrefixMatch !== undefined)
    ? 'replacePrefixMatch and type ReplacePrefixMatch go together'
    : undefined;
}

export const redirectWithoutBackends = (value: Rule): string | undefined =>
  (value.backendRefs ?? []).length > 0 && value.filters?.some((filter) => filter.requestRedirect !== undefined) === true
    ? 'a RequestRedirect filter must not stand beside backendRefs'
    : undefined;

const replacesPrefix = (filters: readonly Filter[] | undefined): boolean =>
  filters?.some((filter) => [filter.requestRedirect?.path, filter.urlRewrite?.path].some((path) => path?.type === 'ReplacePrefixMatch')) === true;
export function prefixRewriteNeedsPrefix(value: Rule): string | undefined {
  if (!replacesPrefix(value.filters) && value.backendRefs?.some((backend) => replacesPrefix(backend.filters)) !== true) return undefined;
  // A rule without matches means one match of the prefix '/', which is what the API server would fill in.
  const matches = value.matches ?? [{}];
  const prefix = matches.length === 1 && (matches[0]!.path?.type ?? 'PathPrefix') === 'PathPrefix';
  return prefix ? undefined : 'replacePrefixMatch needs exactly one match, of type PathPrefix';
}
export function matchesTotal(value: readonly Rule[]): string | undefined {
  return value.reduce((sum, rule) => sum + (rule.matches ?? []).length, 0) > 128 ? 'more than 128 matches in all rules together' : undefined;
}

export function pathValue(path: { type?: string; value?: string }): string | undefined {
  const { type = 'PathPrefix', value = '/' } = path;
  if (type !== 'Exact' && type !== 'PathPrefix') return undefined;
  if (!value.startsWith('/')) return "value must start with '/'";
  const bad = ['//', '/./', '/../', '%2f', '%2F', '#'].find((part) => value.includes(part)) ?? ['/..', '/.'].find((end) => value.endsWith(end));
  if (bad !== undefined) return `value must not have '${bad}'`;
  return /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(value) ? undefined : 'value has a character that a path must not have';
}
export function grpcMethod(match: { type?: string; service?: string; method?: string }): string | undefined {
  const { type = 'Exact', service, method } = match;
  if (service === undefined && method === undefined) return 'service or method must be set';
  if (type !== 'Exact') return undefined;
  if (service !== undefined && !/^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i.test(service)) return 'service is no name of a gRPC service';
  return method !== undefined && !/^[A-Za-z_][A-Za-z_0-9]*$/.test(method) ? 'method is no name of a gRPC method' : undefined;
}

export function timeouts(value: { request?: string; backendRequest?: string }): string | undefined {
  const request = parseDuration(value.request ?? '');
  const backend = parseDuration(value.backendRequest ?? '');
  return request !== undefined && backend !== undefined && request !== 0 && backend > request
    ? 'backendRequest must not be longer than request'
    : undefined;
}

export function sessionPersistence(value: {
  type?: string;
  absoluteTimeout?: string;
  cookie?: { lifetimeType?: string };
  header?: object;
}): string | undefined {
  const type = value.type ?? 'Cookie';
  if (value.cookie?.lifetimeType === 'Permanent' && value.absoluteTimeout === undefined) return 'absoluteTimeout must be set for a permanent cookie';
  if (value.cookie !== undefined && type !== 'Cookie') return 'cookie must not be set for another type';
  return value.header !== undefined && type !== 'Header' ? 'header must not be set for another type' : undefined;
}
export function authProtocol(value: { protocol?: string; grpc?: object; http?: object }): string | undefined {
  if ((value.protocol === 'GRPC') !== (value.grpc !== undefined)) return 'grpc and protocol GRPC go together';
  return (value.protocol === 'HTTP') !== (value.http !== undefined) ? 'http and protocol HTTP go together' : undefined;
}
