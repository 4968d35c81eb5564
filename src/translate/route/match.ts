/** HTTPMatchRequest as Envoy's RouteMatch: VS-007 to VS-012. Also which matches take part on a proxy at all: VS-013 to VS-016. */
import type { DeepPartial, HeaderMatcher, QueryParameterMatcher, RouteMatch } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import type { HTTPMatchRequest, StringMatch } from '../../api/istio.js';
import { compareTexts } from '../../api/text-order.js';
import { selects } from '../../model/labels.js';
import { claimMatcher, claimPath } from './claims.js';
import type { RouteContext, RouteSemantics } from './route-block.js';
import { isPresence, stringMatcher } from './string-match.js';

type Matches = Readonly<Record<string, StringMatch>>;

/**
 * Whether a match can hold on this listener and proxy. A `gateways` list in the match stands in for the source's labels and namespace,
 * which are then not looked at.
 */
export function isForProxy(match: HTTPMatchRequest, context: RouteContext): boolean {
  if (match.port !== undefined && match.port !== 0 && match.port !== context.listenPort) return false;
  if (match.gateways !== undefined && match.gateways.length > 0) return match.gateways.includes(context.gateway);
  if (!selects(match.sourceLabels ?? {}, context.proxyLabels)) return false;
  return !match.sourceNamespace || match.sourceNamespace === context.proxyNamespace;
}

/** Translates a match; without one everything matches. */
export function routeMatch(match: HTTPMatchRequest | undefined, semantics: RouteSemantics): DeepPartial<RouteMatch> {
  if (match === undefined) return { pathSpecifier: { $case: 'prefix', value: '/' } };
  const withHeaders = entries(match.headers as Matches | undefined);
  const withoutHeaders = entries(match.withoutHeaders as Matches | undefined);
  const dynamicMetadata = [];
  const headers: DeepPartial<HeaderMatcher>[] = [];
  for (const [name, value] of withHeaders) {
    const claim = claimPath(name);
    if (claim === undefined) headers.push(headerMatcher(name, value));
    else dynamicMetadata.push(claimMatcher(claim, value));
  }
  for (const [name, value] of withoutHeaders) {
    const claim = claimPath(name);
    if (claim !== undefined) dynamicMetadata.push({ ...claimMatcher(claim, value), invert: true });
    // Envoy refuses "missing counts as empty" together with a presence match.
    else headers.push({ ...headerMatcher(name, value), invertMatch: true, treatMissingHeaderAsEmpty: !isPresence(value) });
  }
  headers.sort((a, b) => compareTexts(a.name ?? '', b.name ?? ''));
  if (match.method !== undefined) headers.push(headerMatcher(':method', match.method as StringMatch));
  if (match.authority !== undefined) headers.push(headerMatcher(':authority', match.authority as StringMatch));
  if (match.scheme !== undefined) headers.push(headerMatcher(':scheme', match.scheme as StringMatch));
  return {
    pathSpecifier: pathSpecifier(match.uri as StringMatch | undefined, semantics),
    caseSensitive: match.ignoreUriCase !== true,
    headers,
    queryParameters: entries(match.queryParams as Matches | undefined).map(([name, value]) => queryParameterMatcher(name, value)),
    dynamicMetadata,
  };
}

/** True for a match that takes every request: what follows it in the same list can never be reached. VS-005. */
export function isCatchAll(match: DeepPartial<RouteMatch>): boolean {
  if ((match.headers?.length ?? 0) + (match.queryParameters?.length ?? 0) + (match.dynamicMetadata?.length ?? 0) > 0) return false;
  const path = match.pathSpecifier;
  if (path?.$case === 'prefix' || path?.$case === 'pathSeparatedPrefix') return path.value === '/';
  return path?.$case === 'safeRegex' && path.value?.regex === '.*';
}

/** What Envoy takes as a prefix of whole path elements: two characters at least, no query. Others (`//`, none) are prefixes of characters. */
const isSeparatedPrefix = /^[^?#]+[^?#/]$/;

function pathSpecifier(uri: StringMatch | undefined, semantics: RouteSemantics): DeepPartial<RouteMatch>['pathSpecifier'] {
  if (uri?.exact !== undefined) return { $case: 'path', value: uri.exact };
  if (uri?.prefix !== undefined) {
    if (semantics === 'istio' || uri.prefix === '/') return { $case: 'prefix', value: uri.prefix };
    const value = uri.prefix.endsWith('/') ? uri.prefix.slice(0, -1) : uri.prefix;
    return isSeparatedPrefix.test(value) ? { $case: 'pathSeparatedPrefix', value } : { $case: 'prefix', value: uri.prefix || '/' };
  }
  if (uri?.regex !== undefined) return { $case: 'safeRegex', value: { regex: uri.regex } };
  return { $case: 'prefix', value: '/' };
}

function headerMatcher(name: string, match: StringMatch): DeepPartial<HeaderMatcher> {
  const value = stringMatcher(match);
  if (value === undefined || isPresence(match)) return { name, headerMatchSpecifier: { $case: 'presentMatch', value: true } };
  return { name, headerMatchSpecifier: { $case: 'stringMatch', value } };
}

function queryParameterMatcher(name: string, match: StringMatch): DeepPartial<QueryParameterMatcher> {
  const value = stringMatcher(match);
  if (value === undefined || isPresence(match)) return { name, queryParameterMatchSpecifier: { $case: 'presentMatch', value: true } };
  return { name, queryParameterMatchSpecifier: { $case: 'stringMatch', value } };
}

const entries = (matches: Matches | undefined): [string, StringMatch][] => Object.entries(matches ?? {}).sort(([a], [b]) => compareTexts(a, b));
