/**
 * Filters of HTTPRoute and GRPCRoute rules as fields of Istio's HTTPRoute (GA-012). Pure.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter
 */
import type { CorsPolicy, Headers, HTTPMirrorPolicy, HTTPRedirect, HTTPRewrite, HTTPRoute, StringMatch } from '../../api/istio.js';
import type { Backend } from './backends.js';
import { type Finding, Refused } from './finding.js';
import type { HeaderModifier, ObjectReference, PathModifier, RouteFilter } from './types.js';

type Filter<T extends keyof RouteFilter> = NonNullable<RouteFilter[T]>;

/** What filters of a rule come to. */
export interface Filtered {
  readonly fields: Partial<HTTPRoute>;
  readonly findings: readonly Finding[];
}

/** Filters that a kind of route may have. Anything else refuses the route: traffic without a wanted filter may be worse than none. */
export const HTTP_FILTERS: ReadonlySet<string> = new Set([
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestRedirect',
  'URLRewrite',
  'RequestMirror',
  'CORS',
]);
export const GRPC_FILTERS: ReadonlySet<string> = new Set(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror']);

/** `backend` resolves the target of mirrored requests. */
export function ruleFilters(
  filters: readonly RouteFilter[],
  allowed: ReadonlySet<string>,
  field: string,
  backend: (ref: ObjectReference, field: string) => Backend,
): Filtered {
  const fields: Record<string, unknown> = {};
  const findings: Finding[] = [];
  const mirrors: HTTPMirrorPolicy[] = [];
  const headers = headerFilters(filters, field);
  if (headers !== undefined) fields['headers'] = headers;
  for (const [i, filter] of filters.entries()) {
    const at = `${field}[${i}]`;
    if (!allowed.has(filter.type))
      throw new Refused({ code: 'unsupported', message: `filter type ${filter.type} is not supported`, field: at, reason: 'InvalidFilter' });
    if (filter.requestRedirect !== undefined) fields['redirect'] = redirect(filter.requestRedirect);
    if (filter.cors !== undefined) fields['corsPolicy'] = cors(filter.cors);
    if (filter.urlRewrite !== undefined) {
      const rewrite = urlRewrite(filter.urlRewrite);
      if (rewrite !== undefined) fields['rewrite'] = rewrite;
    }
    if (filter.requestMirror !== undefined) {
      const { destination, finding } = backend(filter.requestMirror.backendRef, `${at}.requestMirror.backendRef`);
      if (finding !== undefined) findings.push(finding);
      else mirrors.push({ destination, ...mirrorPercentage(filter.requestMirror) } as HTTPMirrorPolicy);
    }
  }
  if (mirrors.length > 0) fields['mirrors'] = mirrors;
  return { fields: fields as Partial<HTTPRoute>, findings };
}

/** Header operations of a rule or of a backend; the last filter of each direction counts. */
export function headerFilters(filters: readonly RouteFilter[], field: string): Headers | undefined {
  const headers: Record<string, unknown> = {};
  for (const [i, { requestHeaderModifier, responseHeaderModifier }] of filters.entries()) {
    if (requestHeaderModifier !== undefined) headers['request'] = operations(requestHeaderModifier, `${field}[${i}].requestHeaderModifier`);
    if (responseHeaderModifier !== undefined) headers['response'] = operations(responseHeaderModifier, `${field}[${i}].responseHeaderModifier`);
  }
  return Object.keys(headers).length === 0 ? undefined : (headers as Headers);
}

function operations({ set = [], add = [], remove = [] }: HeaderModifier, field: string): NonNullable<Headers['request']> {
  for (const { name, value } of [...set, ...add]) {
    if (!isHeaderValue(value))
      throw new Refused({ code: 'invalid', message: `the value of header ${name} has characters that HTTP forbids`, field, reason: 'InvalidFilter' });
  }
  return {
    ...(set.length === 0 ? {} : { set: firstOfEach(set) }),
    ...(add.length === 0 ? {} : { add: firstOfEach(add) }),
    ...(remove.length === 0 ? {} : { remove: [...remove] }),
  };
}

/** Header names are equal in any case, and of equals the first counts. */
function firstOfEach(headers: NonNullable<HeaderModifier['set']>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, value } of headers) values[name.toLowerCase()] ??= formatOf(value);
  return values;
}

/** Text with Envoy's `%COMMAND%` or `%COMMAND(arguments)%`, and `%%` for a percent sign. */
const isFormat = /^(?:[^%]|%%|%[A-Z][A-Z0-9_]*(?:\([^)]*\))?(?::[0-9]+)?%)*$/;

/** Commands work, as in the reference; any other value is meant as it is written, where the reference sends what Envoy refuses. */
const formatOf = (value: string): string => (isFormat.test(value) ? value : value.replaceAll('%', '%%'));

/** No control characters but the tab. */
function isHeaderValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code !== 9 && (code < 32 || code === 127)) return false;
  }
  return true;
}

function redirect({ scheme, hostname, path, port, statusCode = 302 }: Filter<'requestRedirect'>): HTTPRedirect {
  return {
    redirectCode: statusCode,
    ...(hostname === undefined ? {} : { authority: hostname }),
    ...(scheme === undefined ? {} : { scheme }),
    // Without a port the request's is kept, unless another scheme makes it wrong.
    ...(port === undefined ? { derivePort: scheme === undefined ? 'FROM_REQUEST_PORT' : 'FROM_PROTOCOL_DEFAULT' } : { port }),
    ...(path?.type === 'ReplaceFullPath' ? { uri: path.replaceFullPath ?? '' } : {}),
    ...(path?.type === 'ReplacePrefixMatch' ? { prefixRewrite: newPrefix(path) } : {}),
  } as HTTPRedirect;
}

/** Whole segments are replaced, so a slash at the end says nothing; '/' takes the prefix away. */
const newPrefix = ({ replacePrefixMatch: prefix = '' }: PathModifier): string => (prefix.endsWith('/') ? prefix.slice(0, -1) : prefix) || '/';

function urlRewrite({ hostname, path }: Filter<'urlRewrite'>): HTTPRewrite | undefined {
  const rewrite: Record<string, unknown> = {};
  if (path?.type === 'ReplacePrefixMatch') {
    rewrite['uri'] = newPrefix(path);
  }
  if (path?.type === 'ReplaceFullPath') rewrite['uriRegexRewrite'] = { match: '/.*', rewrite: path.replaceFullPath ?? '' };
  if (hostname !== undefined) rewrite['authority'] = hostname;
  return Object.keys(rewrite).length === 0 ? undefined : (rewrite as HTTPRewrite);
}

function mirrorPercentage({ fraction, percent }: Filter<'requestMirror'>): { percentage?: { value: number } } {
  if (fraction !== undefined) return { percentage: { value: (100 * fraction.numerator) / (fraction.denominator ?? 100) } };
  return percent === undefined ? {} : { percentage: { value: percent } };
}

function cors({ allowOrigins = [], allowCredentials, allowMethods, allowHeaders, exposeHeaders, maxAge = 5 }: Filter<'cors'>): CorsPolicy {
  return {
    allowOrigins: allowOrigins.filter((origin) => origin !== '').map(originMatch),
    ...(allowCredentials === true ? { allowCredentials } : {}),
    ...(allowMethods?.length ? { allowMethods: [...allowMethods] } : {}),
    ...(allowHeaders?.length ? { allowHeaders: [...allowHeaders] } : {}),
    ...(exposeHeaders?.length ? { exposeHeaders: [...exposeHeaders] } : {}),
    ...(maxAge > 0 ? { maxAge: `${maxAge}s` } : {}),
    unmatchedPreflights: 'IGNORE',
  } as CorsPolicy;
}

/** Anything that has the form of an origin: scheme, host and maybe a port. RFC 6454. */
const ANY_ORIGIN = '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$';

function originMatch(origin: string): StringMatch {
  if (origin === '*') return { regex: ANY_ORIGIN };
  const star = origin.indexOf('*');
  if (star < 0) return { exact: origin };
  if (star === origin.length - 1) return { prefix: origin.slice(0, -1) };
  return { regex: `^${origin.split('*').map(quote).join('.*')}$` };
}

/** Escapes what RE2 reads as an operator. */
const quote = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
