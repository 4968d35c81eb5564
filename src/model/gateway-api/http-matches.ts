/** Conditions of HTTPRoute and GRPCRoute rules as Istio's HTTPMatchRequest (GA-011, GA-015). Pure. */
import type { HTTPMatchRequest, StringMatch } from '../../api/istio.js';
import type { GrpcMatch, HttpMatch, ValueMatch } from './types.js';

/** The API server fills in the path; files need not have it. */
const ANY_PATH: HttpMatch = { path: { type: 'PathPrefix', value: '/' } };

/** Matches of an HTTP rule. A list that is there and empty stays so: the API server fills in only what is absent. */
export const httpMatches = (matches: readonly HttpMatch[] = [ANY_PATH]): readonly HttpMatch[] => matches;

export function httpMatch({ path, headers, queryParams, method }: HttpMatch): HTTPMatchRequest {
  return {
    uri: pathMatch(path ?? {}),
    ...withValues('headers', headers),
    ...withValues('queryParams', queryParams),
    ...(method === undefined ? {} : { method: { exact: method } }),
  } as HTTPMatchRequest;
}

/** gRPC has no methods of HTTP and no query: only `/service/method`. */
export function grpcMatch({ method, headers }: GrpcMatch): HTTPMatchRequest {
  const uri = method === undefined ? undefined : methodMatch(method);
  return { ...(uri === undefined ? {} : { uri }), ...withValues('headers', headers) } as HTTPMatchRequest;
}

function pathMatch({ type = 'PathPrefix', value = '/' }: NonNullable<HttpMatch['path']>): StringMatch {
  if (type === 'Exact') return { exact: value };
  if (type === 'RegularExpression') return { regex: value };
  // Prefixes are of whole segments, so a slash at the end says nothing.
  return { prefix: value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value };
}

function methodMatch({ type = 'Exact', service, method }: NonNullable<GrpcMatch['method']>): StringMatch | undefined {
  if (service === undefined && method === undefined) return undefined;
  if (service === undefined) return { regex: `/[^/]+/${method}` };
  if (type === 'RegularExpression') return { regex: `/${service}/${method ?? '.+'}` };
  return method === undefined ? { prefix: `/${service}/` } : { exact: `/${service}/${method}` };
}

/** Of several matches for one name the first counts. */
function withValues(field: 'headers' | 'queryParams', matches: readonly ValueMatch[] | undefined): Record<string, unknown> {
  if (matches === undefined || matches.length === 0) return {};
  const values: Record<string, StringMatch> = {};
  const seen = new Set<string>();
  for (const { type = 'Exact', name, value } of matches) {
    const id = field === 'headers' ? name.toLowerCase() : name;
    if (seen.has(id)) continue;
    seen.add(id);
    values[name] = type === 'RegularExpression' ? { regex: value } : { exact: value };
  }
  return { [field]: values };
}
