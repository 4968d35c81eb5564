/**
 * Routes as gRPC libraries take them: made by the blocks for Envoy, then cut down to what every library knows. One action or matcher that it
 * does not know makes a client refuse the whole configuration (XD-025).
 * https://github.com/grpc/proposal/blob/master/A28-xds-traffic-splitting-and-routing.md; A31 (timeouts), A33 (faults), A42 (hashing), A44 (retries)
 */
import type { HeaderMatcher, RetryPolicy, RouteMatch } from '@envoyproxy/xds-protos/envoy/config/route/v3/route_components.js';
import { BLACK_HOLE_CLUSTER } from '../../model/names.js';
import type { Partial } from '../proto.js';
import type { ActionDraft, RouteDraft } from '../route/route-block.js';

const FAULT = 'envoy.filters.http.fault';

/** Conditions that gRPC retries on; Envoy's others it meets below the call, on its own. */
const RETRIABLE = ['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'];

/** To a cluster without endpoints: calls fail with UNAVAILABLE. (The action made for this, non_forwarding_action, crashes clients of grpc-js 1.14.) */
const refuse: RouteDraft['action'] = { $case: 'route', value: { clusterSpecifier: { $case: 'cluster', value: BLACK_HOLE_CLUSTER } } };

/** The routes that can hold for a call. When none can, calls fail: to send them to the plain service would be against what was written. */
export function grpcRoutes(drafts: readonly RouteDraft[]): readonly RouteDraft[] {
  const routes = drafts.flatMap((draft) => grpcRoute(draft) ?? []);
  if (drafts.length === 0 || routes.length > 0) return routes;
  return [{ match: { pathSpecifier: { $case: 'prefix', value: '/' } }, action: refuse }];
}

function grpcRoute({ name = '', match = {}, action, typedPerFilterConfig }: RouteDraft): RouteDraft | undefined {
  const fault = typedPerFilterConfig?.[FAULT];
  const grpcMatch = matchOf(match);
  if (grpcMatch === undefined) return undefined;
  return {
    name,
    match: grpcMatch,
    ...(fault !== undefined && { typedPerFilterConfig: { [FAULT]: fault } }),
    // Redirects and direct responses are HTTP's: there is nobody to follow or read them.
    action: action?.$case === 'route' ? { $case: 'route', value: actionOf(action.value) } : refuse,
  };
}

/** Undefined when no call can match: calls are POSTs without a query. */
function matchOf({ pathSpecifier, caseSensitive, headers = [], queryParameters = [] }: Partial<RouteMatch>): Partial<RouteMatch> | undefined {
  if (queryParameters.some((parameter) => parameter !== undefined)) return undefined;
  const method = headers.filter((header) => header?.name === ':method');
  if (method.some((header) => !matchesPost(header))) return undefined;
  return {
    pathSpecifier: withoutSegments(pathSpecifier),
    ...(caseSensitive !== undefined && { caseSensitive }),
    headers: headers.filter((header) => header?.name !== ':method'),
  };
}

/** Other matchers than an exact one are taken as said by somebody who means POST. */
function matchesPost({ headerMatchSpecifier, invertMatch }: Partial<HeaderMatcher>): boolean {
  const text = headerMatchSpecifier?.$case === 'stringMatch' ? headerMatchSpecifier.value?.matchPattern : undefined;
  return text?.$case !== 'exact' || (text.value === 'POST') !== (invertMatch === true);
}

/** gRPC knows no prefix of whole segments; as a pattern it is the same. */
function withoutSegments(path: Partial<RouteMatch>['pathSpecifier']): Partial<RouteMatch>['pathSpecifier'] {
  if (path?.$case !== 'pathSeparatedPrefix') return path;
  const escaped = (path.value ?? '').replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  return { $case: 'safeRegex', value: { regex: `${escaped}(/.*)?` } };
}

function actionOf(action: ActionDraft = {}): ActionDraft {
  const { clusterSpecifier, timeout, retryPolicy, hashPolicy = [] } = action;
  const retries = retriesOf(retryPolicy);
  return {
    clusterSpecifier: clusterSpecifier?.$case === 'weightedClusters' ? onlyWeights(clusterSpecifier.value) : clusterSpecifier,
    // The field that gRPC reads; zero means no limit.
    ...(timeout !== undefined && { maxStreamDuration: { maxStreamDuration: timeout } }),
    ...(retries !== undefined && { retryPolicy: retries }),
    hashPolicy: hashPolicy.filter((policy) => policy.policySpecifier?.$case === 'header'),
  };
}

type WeightedClusters = Extract<ActionDraft['clusterSpecifier'], { $case: 'weightedClusters' }>;

const onlyWeights = (weighted: WeightedClusters['value']): WeightedClusters => ({
  $case: 'weightedClusters',
  value: { clusters: (weighted?.clusters ?? []).map(({ name = '', weight = 0 }) => ({ name, weight })) },
});

function retriesOf(policy: Partial<RetryPolicy> | undefined): Partial<RetryPolicy> | undefined {
  const conditions = (policy?.retryOn ?? '').split(',').filter((condition) => RETRIABLE.includes(condition));
  const numRetries = policy?.numRetries ?? 1;
  if (conditions.length === 0 || numRetries < 1) return undefined;
  const baseInterval = policy?.retryBackOff?.baseInterval;
  // An interval below a millisecond is none to a library that counts in them, and none is refused.
  const isUsable = baseInterval !== undefined && (Number(baseInterval.seconds ?? 0) > 0 || (baseInterval.nanos ?? 0) >= 1_000_000);
  return { retryOn: conditions.join(','), numRetries, ...(isUsable && { retryBackOff: { baseInterval } }) };
}
